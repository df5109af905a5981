"""The handler of the queue of deliveries: sends what waits for one owner."""

from __future__ import annotations

from typing import Any, Final

from wipsie.kernel.errors import Unavailable
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.jobs import DELIVER, DELIVERIES_QUEUE, DeliverJob
from wipsie.slices.vault.service.delivering import Delivering
from wipsie.workers.handler import HandlerSpec, Retry, TaskContext

PAUSE_S: Final = 5.0
"""While the database, the key or the store of rates is away. A job that is given up after many such pauses is made anew by the
upkeep."""
TIMEOUT_S: Final = 600.0
"""More than a turn and the longest upload together."""


class DeliverHandler:
    """One per process."""

    def __init__(self, delivering: Delivering) -> None:
        self._delivering = delivering

    def specs(self) -> list[HandlerSpec]:
        """To be registered."""
        return [
            HandlerSpec(
                task_type=DELIVER,
                queue=DELIVERIES_QUEUE,
                function=self.deliver,
                data_type=DeliverJob,
                timeout_s=TIMEOUT_S,
                concurrency_key=_owner,
            )
        ]

    async def deliver(self, message: StandardMessage[DeliverJob], context: TaskContext) -> dict[str, Any]:
        """Send what waits for one owner."""
        del context
        try:
            taken = await self._delivering.deliver(message.data.owner)
        except Unavailable as error:
            raise Retry(error.code, after_s=error.retry_after_s or PAUSE_S, counted=False) from error
        return {"taken": taken}


def _owner(message: StandardMessage[DeliverJob]) -> str:
    return message.data.owner
