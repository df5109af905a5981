"""The outbox relay: sends to the queue what units of work published, and only then forgets it.

Killed between the send and the delete, the relay sends a message again; the queue knows it by its deduplication id and
takes it once, within its deduplication window. One relay at a time works (a lease taken while there is work), so messages
keep the order in which they were published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database, outbox
from wipsie.database.outbox import OutboxMessage
from wipsie.kernel import limits
from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import (
    InternalError,
    InvalidInput,
    QueueNotFound,
    TooManyRequests,
    Unavailable,
    WipsieError,
)
from wipsie.kernel.ids import MessageId, QueueName, new_uuid
from wipsie.queue.contract import Attribute, NewMessage, Priority, SendResult
from wipsie.queue.engine import QueueEngine
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.leader import Lease
from wipsie.workers.outage import Outage
from wipsie.workers.wake import Wake

POLL_S = 2.0
"""How late a message that another process published may be noticed."""
BATCH_MESSAGES = 500
BATCH_BYTES_MAX = 8 * limits.MIB
LEASE_S = 10.0
_BACKOFF_S_MIN = 0.5
_BACKOFF_S_MAX = 30.0
_FULL_QUEUE_PAUSE_S = 1.0
_OTHER_RELAY_PAUSE_S = 0.1
"""Until somebody else's relay has had its turn: it may have looked before our message was there."""

_log = get_logger("wipsie.outbox")
_attributes_decoder = msgspec.json.Decoder(dict[str, Attribute])


@dataclass
class _Outcome:
    """What became of a batch."""

    taken: list[int] = field(default_factory=list)
    refused: list[tuple[OutboxMessage, WipsieError]] = field(default_factory=list)


class OutboxRelay:
    """Moves waiting rows of the outbox into their queues, at once after a commit of this process."""

    def __init__(
        self,
        database: Database,
        engine: QueueEngine,
        *,
        clock: Clock,
        metrics: Metrics | None = None,
        poll_s: float = POLL_S,
        deduplication_window_s: float | None = None,
    ) -> None:
        """`deduplication_window_s` is for messages that bring none; None takes the window of their queue."""
        self._database = database
        self._engine = engine
        self._clock = clock
        self._metrics = metrics
        self._poll_s = poll_s
        self._deduplication_window_s = deduplication_window_s
        self._lease = Lease("outbox_relay", holder=new_uuid(), ttl_s=LEASE_S, clock=clock)
        self._other_works = False
        self._wake = Wake(clock)
        self._task: asyncio.Task[None] | None = None
        self._end_hook: Callable[[], None] | None = None
        self._stopping = False
        self._full_queues: dict[str, float] = {}
        self._sent = 0
        self._refused = 0
        self._stores_away = Outage(_log, "outbox_waits", clock)

    async def start(self) -> None:
        """Begin to relay, first what an earlier process left."""
        self._stopping = False
        self._end_hook = self._database.on_publish(self._wake.ring)
        self._task = asyncio.create_task(self._run(), name="outbox-relay")

    async def stop(self, deadline_s: float = 5.0) -> None:
        """Send what waits, for at most `deadline_s` seconds, and end. What is left stays in the outbox, safe. May be
        called twice. Call it when nobody publishes any more, and before the queue engine stops."""
        task, self._task = self._task, None
        if task is None:
            return
        if self._end_hook is not None:
            self._end_hook()
        self._stopping = True
        self._wake.ring()
        if not await self._clock.wait(task, deadline_s):
            task.cancel()
            await asyncio.wait((task,))

    def status(self) -> dict[str, Any]:
        """Facts for health checks: whether it runs, messages sent and refused, queues that take
        no more for now, its last error if that stands."""
        return {
            "running": self._task is not None and not self._task.done(),
            "sent": self._sent,
            "refused": self._refused,
            "full_queues": list(self._full_queues),
            "error": self._stores_away.reason,
        }

    async def run_once(self) -> int:
        """Relay until nothing waits that can be sent now, or another relay is at work; returns how many were sent.
        StorageUnavailable when the database or the queue cannot write now; what was not sent stays."""
        # Whoever was at work may be done: with nothing left there is no reason to look often.
        self._other_works = False
        async with self._database.read() as connection:
            if not await outbox.is_waiting(connection, without_queues=self._queues_to_pass_over()):
                return 0
        return await self._relay()

    async def _run(self) -> None:
        backoff = Backoff(_BACKOFF_S_MIN, _BACKOFF_S_MAX)
        rang = False
        while True:
            last_round = self._stopping
            try:
                # After a commit of this process there is something, and looking first would only cost.
                await (self._relay() if rang else self.run_once())
                sleep_s = _OTHER_RELAY_PAUSE_S if self._other_works else self._poll_s
                backoff.reset()
                self._stores_away.over()
            except Exception as error:
                # The loop must outlive what it did not foresee as well; the log has its traceback.
                self._stores_away.failed(error)
                asked_s = error.retry_after_s if isinstance(error, WipsieError) else None
                sleep_s = max(backoff.next_s(), asked_s or 0.0)
            if last_round:
                return
            rang = await self._pause(sleep_s, is_backoff=self._stores_away.reason is not None)

    async def _pause(self, sleep_s: float, *, is_backoff: bool) -> bool:
        """Whether a commit of this process ended it."""
        rang = await self._wake.wait(sleep_s)
        if rang and is_backoff and not self._stopping:
            # New messages are no reason to press a store that asked for time.
            await self._wake.wait(sleep_s)
        return rang

    async def _relay(self) -> int:
        """Send batch after batch. Each transaction forgets what was sent, and reads what is next."""
        sent = 0
        outcome = _Outcome()
        while True:
            async with self._database.begin() as connection:
                await self._forget(connection, outcome)
                rows = await self._next_rows(connection)
            self._tell(outcome)
            if not rows:
                return sent
            outcome = self._outcome_of(rows, await self._send(rows))
            sent += len(outcome.taken)

    async def _next_rows(self, connection: AsyncConnection) -> list[OutboxMessage]:
        """What is sent next, while the lease is ours. Read after it was taken: the last holder sent what came before."""
        if not self._lease.held and not await self._lease.acquire(connection):
            self._other_works = True
            return []
        self._other_works = False
        rows = await outbox.waiting(
            connection,
            limit=BATCH_MESSAGES,
            bytes_max=BATCH_BYTES_MAX,
            without_queues=self._queues_to_pass_over(),
        )
        if not rows:
            await self._lease.release(connection)
        return rows

    def _queues_to_pass_over(self) -> tuple[str, ...]:
        now = self._clock.monotonic()
        self._full_queues = {queue: until for queue, until in self._full_queues.items() if until > now}
        return tuple(self._full_queues)

    def _outcome_of(self, rows: list[OutboxMessage], results: list[SendResult | WipsieError]) -> _Outcome:
        outcome = _Outcome()
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, SendResult):
                outcome.taken.append(row.id)
            elif isinstance(result, TooManyRequests | Unavailable | InternalError):
                pause_s = result.retry_after_s or _FULL_QUEUE_PAUSE_S
                self._full_queues[row.queue] = self._clock.monotonic() + pause_s
            else:
                outcome.refused.append((row, result))
        return outcome

    async def _forget(self, connection: AsyncConnection, outcome: _Outcome) -> None:
        """Remove what was taken, and mark what will never be."""
        if outcome.taken:
            await outbox.remove(connection, outcome.taken)
        for row, error in outcome.refused:
            words = f"{error.code}: {error.message}"
            await outbox.refuse(connection, row.id, error=words, now_ms=self._clock.now_ms())

    def _tell(self, outcome: _Outcome) -> None:
        self._sent += len(outcome.taken)
        self._refused += len(outcome.refused)
        for row, error in outcome.refused:
            _log.error(
                "outbox_message_refused",
                message_id=row.message_id,
                queue=row.queue,
                code=error.code,
                error=error.message,
            )
            if self._metrics is not None:
                self._metrics.queue_operations_total.labels("outbox_relay", error.code).inc()
        if outcome.taken and self._metrics is not None:
            self._metrics.queue_operations_total.labels("outbox_relay", "ok").inc(len(outcome.taken))

    async def _send(self, rows: list[OutboxMessage]) -> list[SendResult | WipsieError]:
        await self._learn_queues(rows)
        results: list[SendResult | WipsieError | None] = []
        messages: list[NewMessage] = []
        for row in rows:
            try:
                messages.append(self._message(row))
                results.append(None)
            except WipsieError as error:
                results.append(error)
        sent = iter(await self._engine.send_many(messages) if messages else ())
        return [result if result is not None else next(sent) for result in results]

    async def _learn_queues(self, rows: list[OutboxMessage]) -> None:
        for queue in {row.queue for row in rows}:
            try:
                self._engine.resolve(queue)
            except QueueNotFound:
                # Another process may have made it since: look before a message is refused for good.
                await self._engine.list_queues()
                return

    def _message(self, row: OutboxMessage) -> NewMessage:
        deduplication_id, window_s = row.deduplication_id, row.deduplication_window_s
        if deduplication_id is None and self._engine.capabilities.deduplication:
            # Both numbers: a restored database counts its rows anew, and two databases may feed one queue.
            deduplication_id = f"outbox:{row.id}:{row.message_id}"
            window_s = window_s or self._deduplication_window_s
        try:
            attributes = None if row.attributes is None else _attributes_decoder.decode(row.attributes)
            priority = Priority(row.priority)
        except (ValueError, msgspec.DecodeError) as error:
            raise InvalidInput(f"The message was published with bad attributes or priority: {error}") from None
        return NewMessage(
            queue=self._engine.resolve(row.queue),
            body=row.body,
            message_id=MessageId(row.message_id),
            attributes=attributes,
            priority=priority,
            delay_s=row.delay_s,
            group_id=row.group_id,
            deduplication_id=deduplication_id,
            deduplication_window_s=window_s,
            fingerprint=row.fingerprint,
            origin=None if row.origin is None else QueueName(row.origin),
        )
