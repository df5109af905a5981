"""The queues of the account, as far as this process knows them: addresses, settings, and how old that knowledge is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, Forbidden, QueueExists, QueueNotFound
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.refusals import dead_letter_queue_missing, fifo_is_fixed, queue_exists
from wipsie.queue.backends.sqs.connection import SqsConnection
from wipsie.queue.backends.sqs.faults import AccessRefused
from wipsie.queue.backends.sqs.queue_settings import (
    OUR_TAGS,
    check_settings,
    native_bytes,
    read_settings,
    to_attributes,
    to_tags,
)
from wipsie.queue.contract import QueueSettings

STALE_S = 300.0
"""Sends and acknowledgements trust settings this long: what they need of them (address, kind, size) hardly changes."""
_LOOKUPS_MAX = 10
_PAGE = 1000
_NEW_QUEUE_LOOKS = 10
_NEW_QUEUE_PAUSE_S = 0.5


class SqsQueue(msgspec.Struct, frozen=True):
    """One queue as it was when it was looked at."""

    name: QueueName
    url: str
    arn: str
    settings: QueueSettings
    bytes_max: int
    """The largest message SQS itself takes here."""
    read_at: float
    """By the monotonic clock, seconds."""


class QueueDirectory:
    """Looks queues up and changes them."""

    def __init__(
        self,
        connection: SqsConnection,
        *,
        clock: Clock,
        settings_s: float,
        prefix: str,
        message_bytes_max: int,
        adopted: Mapping[QueueName, str] | None = None,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._settings_s = settings_s
        self._prefix = prefix
        self._message_bytes_max = message_bytes_max
        self._adopted = adopted or {}
        self._known: dict[QueueName, SqsQueue] = {}
        self._looking: dict[QueueName, asyncio.Task[SqsQueue]] = {}
        self._lookups = asyncio.Semaphore(_LOOKUPS_MAX)

    def remembered(self, name: QueueName) -> SqsQueue | None:
        """What is known of a queue, however old."""
        return self._known.get(name)

    def forget(self, name: QueueName) -> None:
        """The queue was not where we thought: look again the next time."""
        self._known.pop(name, None)

    async def find(self, name: QueueName, *, age_s_max: float | None = None) -> SqsQueue:
        """A queue, as it was at most `age_s_max` ago (None: as the URL allows). QueueNotFound."""
        known = self._known.get(name)
        age_s_max = self._settings_s if age_s_max is None else age_s_max
        if known is not None and self._clock.monotonic() - known.read_at < age_s_max:
            return known
        return await self._look(name)

    async def _look(self, name: QueueName) -> SqsQueue:
        """All who ask for one queue at one moment share the answer."""
        task = self._looking.get(name)
        if task is None:
            task = asyncio.create_task(self._read(name), name=f"wipsie-sqs-look-{name}")
            self._looking[name] = task
            task.add_done_callback(lambda done: self._looked(name, done))
        return await asyncio.shield(task)

    def _looked(self, name: QueueName, task: asyncio.Task[SqsQueue]) -> None:
        self._looking.pop(name, None)
        if not task.cancelled():
            # Those who asked may all be gone; then nobody else looks at what went wrong.
            task.exception()

    async def _read(self, name: QueueName) -> SqsQueue:
        known = self._known.get(name)
        call = self._connection.call
        async with self._lookups:
            try:
                if known is not None:
                    url = known.url
                elif name in self._adopted:
                    url = self._adopted[name]
                else:
                    url = str((await call("get_queue_url", queue=name, QueueName=name))["QueueUrl"])
                asked_at = self._clock.monotonic()
                attributes, tags = await asyncio.gather(self._read_attributes(name, url), self._tags(name, url))
            except QueueNotFound:
                self.forget(name)
                raise
        queue = SqsQueue(
            name=name,
            url=url,
            arn=attributes.get("QueueArn", ""),
            settings=read_settings(name, attributes, tags),
            bytes_max=min(native_bytes(attributes), self._message_bytes_max),
            read_at=asked_at,
        )
        self._known[name] = queue
        return queue

    async def _read_attributes(self, name: QueueName, url: str) -> dict[str, str]:
        try:
            answer = await self._connection.call(
                "get_queue_attributes", queue=name, QueueUrl=url, AttributeNames=["All"]
            )
        except AccessRefused:
            if name not in self._adopted:
                raise
            # A role that may send or receive and nothing else needs to know nothing else.
            return {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        return answer.get("Attributes", {})

    async def _tags(self, name: QueueName, url: str) -> dict[str, str]:
        try:
            answer = await self._connection.call("list_queue_tags", queue=name, QueueUrl=url)
        except AccessRefused:
            # A role that may only send and receive: the queue is seen without what only we keep in its tags.
            return {}
        return answer.get("Tags", {})

    async def wait_until_quiet(self) -> None:
        """Return when no look-up is under way."""
        if self._looking:
            await asyncio.wait(list(self._looking.values()))

    async def create(self, wanted: QueueSettings) -> QueueSettings:
        """Create the queue, or find the same one there. QueueExists, QueueNotFound for its dead-letter queue."""
        check_settings(wanted)
        existing = await self._existing(wanted.name)
        if existing is None:
            attributes = await self._attributes(wanted)
            if wanted.fifo:
                attributes["FifoQueue"] = "true"
            try:
                answer = await self._connection.call(
                    "create_queue",
                    queue=wanted.name,
                    QueueName=wanted.name,
                    # An empty policy is for taking one away.
                    Attributes={key: value for key, value in attributes.items() if value},
                    tags=to_tags(wanted, self._message_bytes_max),
                )
            except (QueueExists, Conflict):
                # Somebody else was first; "deleted less than a minute ago" finds nothing and is raised again.
                existing = await self._existing(wanted.name)
                if existing is None:
                    raise
            else:
                await self._remember(wanted, str(answer["QueueUrl"]))
                return wanted
        difference = queue_exists(wanted, existing.settings)
        if difference is not None:
            raise difference
        return existing.settings

    async def _existing(self, name: QueueName) -> SqsQueue | None:
        try:
            return await self._look(name)
        except QueueNotFound:
            return None

    async def _remember(self, settings: QueueSettings, url: str) -> None:
        """A queue just made. What we gave is what it has; at Amazon it may take a moment until it can be asked."""
        name = settings.name
        for left in reversed(range(_NEW_QUEUE_LOOKS)):
            self._known[name] = SqsQueue(name, url, "", settings, self._message_bytes_max, self._clock.monotonic())
            try:
                queue = await self._look(name)
            except QueueNotFound:
                if not left:
                    raise
                await self._clock.sleep(_NEW_QUEUE_PAUSE_S)
            else:
                self._known[name] = msgspec.structs.replace(queue, settings=settings)
                return

    async def _attributes(self, settings: QueueSettings) -> dict[str, str]:
        arn: str | None = None
        target = settings.dead_letter_queue
        if target is not None:
            found = await self._existing(target)
            if found is None:
                raise dead_letter_queue_missing(target)
            arn = found.arn
        return to_attributes(settings, dead_letter_arn=arn, message_bytes=self._message_bytes_max)

    async def change(self, wanted: QueueSettings) -> None:
        """Replace the settings. QueueNotFound, InvalidInput, NotSupported, Forbidden. Attributes first, then tags: a crash in between
        shows as settings that differ, and the next declaration mends it."""
        self._check_ours(wanted.name)
        queue = await self._look(wanted.name)
        if queue.settings.fifo != wanted.fifo:
            raise fifo_is_fixed()
        check_settings(wanted)
        call = self._connection.call
        attributes = await self._attributes(wanted)
        await call("set_queue_attributes", queue=queue.name, QueueUrl=queue.url, Attributes=attributes)
        tags = to_tags(wanted, self._message_bytes_max)
        before = await self._tags(queue.name, queue.url)
        gone = [key for key in before if key not in tags and (key.startswith(OUR_TAGS) or key in queue.settings.tags)]
        if gone:
            await call("untag_queue", queue=queue.name, QueueUrl=queue.url, TagKeys=gone)
        new = {key: value for key, value in tags.items() if before.get(key) != value}
        if new:
            await call("tag_queue", queue=queue.name, QueueUrl=queue.url, Tags=new)
        self._known[wanted.name] = msgspec.structs.replace(
            queue,
            settings=wanted,
            bytes_max=self._message_bytes_max,
            read_at=self._clock.monotonic(),
        )

    async def list(self) -> list[QueueSettings]:
        """All queues by name, without those whose settings these credentials may not read."""
        names = [*self._adopted]
        try:
            names += await self._list_names()
        except AccessRefused:
            if not self._adopted:
                raise
        found = await asyncio.gather(*(_or_none(self.find, name) for name in sorted(set(names))))
        return [queue.settings for queue in found if queue is not None]

    async def _list_names(self) -> list[QueueName]:
        names: list[QueueName] = []
        parameters: dict[str, Any] = {"MaxResults": _PAGE}
        if self._prefix:
            parameters["QueueNamePrefix"] = self._prefix
        while True:
            answer = await self._connection.call("list_queues", **parameters)
            names += (QueueName(str(url).rpartition("/")[2]) for url in answer.get("QueueUrls", []))
            token = answer.get("NextToken")
            if not token:
                break
            parameters["NextToken"] = token
        return names

    async def delete(self, name: QueueName) -> None:
        """Remove a queue. QueueNotFound, Forbidden."""
        self._check_ours(name)
        queue = await self.find(name, age_s_max=STALE_S)
        try:
            await self._connection.call("delete_queue", queue=name, QueueUrl=queue.url)
        finally:
            self.forget(name)

    async def check_access(self) -> None:
        """Ask for one queue: fails when the endpoint or the credentials do not answer. QueueNotFound for an adopted one that is
        not there."""
        if not self._adopted:
            await self._connection.call("list_queues", MaxResults=1)
        for name in self._adopted:
            await self._look(name)

    def _check_ours(self, name: QueueName) -> None:
        if name in self._adopted:
            raise Forbidden(
                f"The queue '{name}' belongs to others; change it where it was made.", details={"queue_name": name}
            )


async def _or_none(look: Callable[[QueueName], Awaitable[SqsQueue]], name: QueueName) -> SqsQueue | None:
    try:
        return await look(name)
    except (QueueNotFound, AccessRefused):
        return None
