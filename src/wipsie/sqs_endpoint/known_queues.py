"""Settings of queues, remembered for a moment: every request names a queue, and few of them change one."""

from __future__ import annotations

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.sqs_endpoint.caller import queue_of_url
from wipsie.sqs_endpoint.errors import missing, queue_does_not_exist
from wipsie.sqs_endpoint.sqs_limits import QUEUE_NAME_LENGTH_MAX

REMEMBERED_S = 1.0
"""Changes of other processes are noticed within this time. What guards a queue is checked by its backend at every call."""
_REMEMBERED_MAX = 10_000


class KnownQueues:
    """Queues as clients name them."""

    def __init__(self, engine: QueueEngine) -> None:
        self._engine = engine
        self._known: dict[QueueName, tuple[float, QueueSettings]] = {}

    async def of_url(self, url: str | None) -> QueueSettings:
        """The queue a `QueueUrl` means. SqsError when it is missing or there is none."""
        if not url:
            raise missing("QueueUrl")
        return await self.named(queue_of_url(url))

    async def named(self, name: QueueName) -> QueueSettings:
        """The queue of a stored name. SqsError, QueueNotFound."""
        known = self._known.get(name)
        if known is not None and self._engine.clock.monotonic() < known[0]:
            return known[1]
        if not 0 < len(name) <= QUEUE_NAME_LENGTH_MAX or not name.isascii() or not name.isprintable():
            raise queue_does_not_exist()
        return await self.look(name)

    async def look(self, name: QueueName) -> QueueSettings:
        """The same as it is now, for those who change it."""
        self.forget(name)
        settings = await self._engine.queue_settings(name)
        if len(self._known) >= _REMEMBERED_MAX:
            self._known.clear()
        self._known[name] = (self._engine.clock.monotonic() + REMEMBERED_S, settings)
        return settings

    def forget(self, name: QueueName) -> None:
        """Somebody changed it."""
        self._known.pop(name, None)
