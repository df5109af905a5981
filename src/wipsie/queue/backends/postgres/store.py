"""What the operations work with: the functions in the database, the queues, the time, and whom to tell of ready messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.refusals import queue_not_found
from wipsie.queue.backend_kit.server_time import ServerTime
from wipsie.queue.backends.postgres.connections import Connections
from wipsie.queue.backends.postgres.driver import Row, Session
from wipsie.queue.backends.postgres.known_queues import KnownQueue, KnownQueues, known_queue

CHANGED_TRIES = 10
"""How often a call is repeated because the settings of its queues keep changing."""

OnReady = Callable[[dict[QueueName, int], dict[QueueName, int]], None]
"""Told after a commit: how many messages became ready, and when the next will, by queue."""

OnCounted = Callable[[Sequence[int]], None]
"""Told after a commit that changed the counts of these queues."""

_QUEUES_COUNTED = {
    "send": 1,
    "send_carefully": 1,
    "receive": 3,
    "acknowledge": 0,
    "acknowledge_carefully": 1,
    "change_visibility": 1,
    "move": 1,
}
"""Verbs that are called all the time and change counts, with the place of their queues among the arguments."""


class Store:
    """The database as the operations see it."""

    def __init__(
        self, connections: Connections, schema: str, time: ServerTime, on_ready: OnReady, on_counted: OnCounted
    ) -> None:
        self.connections = connections
        self.schema = schema
        self.queues = KnownQueues()
        self._time = time
        self._on_ready = on_ready
        self._on_counted = on_counted
        self._calls: dict[tuple[str, int], str] = {}

    def now_ms(self) -> int:
        """Milliseconds since the epoch, by the server's clock."""
        return self._time.now_ms()

    # Functions of the schema

    def call_text(self, verb: str, arguments: int) -> str:
        """The statement that calls a function."""
        text = self._calls.get((verb, arguments))
        if text is None:
            places = ", ".join(f"${number}" for number in range(1, arguments + 1))
            text = f"SELECT * FROM {self.schema}.{verb}({places})"  # noqa: S608  names are ours
            self._calls[verb, arguments] = text
        return text

    async def rows(self, verb: str, *arguments: object) -> list[Row]:
        """All rows a function answers, in a transaction of its own."""
        text = self.call_text(verb, len(arguments))

        async def call(session: Session) -> list[Row]:
            return await session.fetch(text, *arguments)

        rows = await self.connections.run(call)
        if (place := _QUEUES_COUNTED.get(verb)) is not None:
            self._on_counted(cast("Sequence[int]", arguments[place]))
        return rows

    async def row(self, verb: str, *arguments: object) -> Row:
        """The one row of a function that always answers one."""
        return (await self.rows(verb, *arguments))[0]

    async def value(self, verb: str, *arguments: object) -> Any:
        """The first field of that row."""
        return (await self.row(verb, *arguments))[0]

    # Queues

    async def refresh(self, names: Iterable[str]) -> None:
        """Read queues again; those that are gone are forgotten."""
        wanted = sorted(set(names))
        text = f"SELECT queue_id, settings_version, settings FROM {self.schema}.queues WHERE name = ANY ($1::text[])"  # noqa: S608  checked name

        async def read(session: Session) -> list[Row]:
            return await session.fetch(text, wanted)

        rows = await self.connections.run(read)
        for name in wanted:
            self.queues.forget(name)
        for row in rows:
            self.queues.put(known_queue(row[0], row[1], row[2]))

    async def learn(self, names: Iterable[str]) -> None:
        """Read those queues that are not known yet."""
        unknown = {name for name in names if self.queues.get(name) is None}
        if unknown:
            await self.refresh(unknown)

    async def queue(self, name: str) -> KnownQueue:
        """One queue, read again. QueueNotFound."""
        await self.refresh([name])
        queue = self.queues.get(name)
        if queue is None:
            raise queue_not_found(name)
        return queue

    # News

    def tell(self, ready: dict[QueueName, int], due: dict[QueueName, int]) -> None:
        """Wake receivers after a commit."""
        if ready or due:
            self._on_ready(ready, due)

    def tell_rows(self, ids: list[int] | None, ready: list[int] | None, due: list[int | None] | None) -> None:
        """The same from the arrays that careful functions answer."""
        if not ids:
            return
        now_ready: dict[QueueName, int] = {}
        now_due: dict[QueueName, int] = {}
        for queue_id, count, at_ms in zip(ids, ready or [], due or [], strict=True):
            queue = self.queues.by_id(queue_id)
            if queue is None:
                # Its receivers belong to processes that know it, and look again by themselves.
                continue
            if count:
                now_ready[queue.name] = count
            if at_ms is not None:
                now_due[queue.name] = at_ms
        self.tell(now_ready, now_due)


def still_changing() -> StorageUnavailable:
    """The refusal of a call that met new settings each time it tried."""
    return StorageUnavailable(
        "The settings of these queues change all the time; nothing was stored. Try again.", retry_after_s=1
    )
