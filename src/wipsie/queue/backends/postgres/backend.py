"""The PostgreSQL backend: the contract's verbs over lanes, each of which sends all calls of one moment as one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from wipsie.database.failures import as_unavailable
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable, WipsieError
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.backend_kit.lane import Lane
from wipsie.queue.backend_kit.receiving import receive_or_wait
from wipsie.queue.backend_kit.refusals import not_running
from wipsie.queue.backend_kit.server_time import ServerTime
from wipsie.queue.backend_kit.waiters import Waiters
from wipsie.queue.backends.postgres.address import parse_queue_url, place_of
from wipsie.queue.backends.postgres.announcer import Announcer, hint_text
from wipsie.queue.backends.postgres.connections import Connections
from wipsie.queue.backends.postgres.driver import Row
from wipsie.queue.backends.postgres.folding import CounterFolding
from wipsie.queue.backends.postgres.operations.maintain import Maintainer
from wipsie.queue.backends.postgres.operations.move import Mover
from wipsie.queue.backends.postgres.operations.queues import QueueKeeper
from wipsie.queue.backends.postgres.operations.receive import Ask, Claim, Receiver
from wipsie.queue.backends.postgres.operations.send import Sender, SendOutcome
from wipsie.queue.backends.postgres.operations.settle import Deleter, Extender
from wipsie.queue.backends.postgres.operations.transfer import HouseMover
from wipsie.queue.backends.postgres.schema import check_schema_name, prepare_schema
from wipsie.queue.backends.postgres.store import Store
from wipsie.queue.contract import (
    Capabilities,
    DeadLetterOrder,
    Delivery,
    MessageState,
    NewMessage,
    Outcome,
    QueueCounts,
    QueueSettings,
    RedriveFilter,
    RedriveStep,
    SendResult,
    StoredMessage,
    VisibilityChange,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

MAINTENANCE_INTERVAL_S = 30.0
_NOT_DURABLE = (
    "The PostgreSQL server does not bring commits to the disk before it answers: a crash may lose messages that were accepted; "
    "set fsync and synchronous_commit to on."
)
_BATCH_MESSAGES_MAX = 1000
"""Most messages in one statement: large enough that a commit costs little for each, small enough to answer soon."""
_BATCH_CALLS_MAX = 2000


class PostgresQueueBackend:
    """Queues in a schema of one database. Any number of processes and machines may share it.

    `connections_max` bounds the connections for calls; one more listens for wake-ups. `follow_server_time`: take the time
    from the server, so that machines whose clocks differ agree; tests that move time by hand say False.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        schema: str = "wipsie_queue",
        connections_max: int = 4,
        follow_server_time: bool = True,
    ) -> None:
        """ConfigurationError for a URL that cannot be read."""
        self._url = url
        self._clock = clock
        self._time = ServerTime(clock, follow_server=follow_server_time)
        self._schema = check_schema_name(schema)
        self._connections = Connections(parse_queue_url(url), clock=clock, connections_max=connections_max)
        self._waiters = Waiters(clock, self._time.now_ms)
        self._announcer = Announcer(self._connections, schema, clock=clock, on_ready=self._waiters.wake)
        self._folding = CounterFolding(lambda queue_ids: self._store.row("fold_counters", queue_ids))
        self._store = Store(self._connections, schema, self._time, self._became_ready, self._folding.changed)
        self._keeper = QueueKeeper(self._store, clock, is_real=follow_server_time)
        self._sender = Sender(self._store)
        self._mover = Mover(self._store)
        self._house_mover = HouseMover(self._store)
        self._receiver = Receiver(self._store, self._mover, clock, is_real=follow_server_time)
        self._maintainer = Maintainer(self._store, self._time, clock)
        self._sends: Lane[Sequence[NewMessage], list[SendOutcome]] = Lane(
            self._sender.run,
            name="send",
            waits_for="the database",
            calls_max=_BATCH_CALLS_MAX,
            weigh=len,
            weight_max=_BATCH_MESSAGES_MAX,
        )
        self._receives: Lane[Ask, Claim] = Lane(
            self._receiver.run,
            name="receive",
            waits_for="the database",
            weigh=lambda ask: ask.max_messages,
            weight_max=_BATCH_MESSAGES_MAX,
            abandoned=self._abandon,
        )
        self._deletes: Lane[Sequence[tuple[QueueName, Receipt]], list[Outcome]] = Lane(
            Deleter(self._store, self._maintainer.deleted).run,
            name="delete",
            waits_for="the database",
            weigh=len,
            weight_max=_BATCH_MESSAGES_MAX,
        )
        self._changes: Lane[Sequence[VisibilityChange], list[Outcome]] = Lane(
            Extender(self._store).run,
            name="change",
            waits_for="the database",
            weigh=len,
            weight_max=_BATCH_MESSAGES_MAX,
        )
        self._burials: Lane[Sequence[DeadLetterOrder], list[Outcome]] = Lane(
            self._mover.run, name="dead-letter", waits_for="the database", weigh=len, weight_max=_BATCH_MESSAGES_MAX
        )
        self._counts: Lane[QueueName, QueueCounts] = Lane(self._keeper.count, name="count", waits_for="the database")
        self._tasks: list[asyncio.Task[None]] = []
        self._is_running = False
        self._is_stopping = False

    @property
    def capabilities(self) -> Capabilities:
        durable = self._connections.is_durable
        return Capabilities(name="postgresql", durable=durable, caution=None if durable else _NOT_DURABLE)

    @property
    def batches(self) -> int:
        """Batches done so far, for tests of group commit."""
        return sum(lane.batches for lane in self._lanes)

    def accepts(self, database_url: str) -> bool:
        """Whether this URL means the same database as ours, so that `send_within` may be used with its connections."""
        place = place_of(database_url)
        return place is not None and place == place_of(self._url)

    async def start(self) -> None:
        self._is_stopping = False
        await self._connections.start()
        try:
            await prepare_schema(self._connections, self._schema)
            await self._maintainer.learn_time()
            await self._announcer.start()
        except BaseException:
            await self._connections.stop()
            raise
        for lane in self._lanes:
            lane.start()
        self._tasks = [asyncio.create_task(self._maintain(), name="wipsie-queue-maintenance")]
        self._is_running = True

    async def stop(self) -> None:
        self._is_stopping = True
        self._is_running = False
        self._waiters.wake_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for lane in self._lanes:
            await lane.stop()
        await self._folding.stop()
        await self._maintainer.stop()
        await self._announcer.stop()
        await self._connections.stop()

    @property
    def _lanes(self) -> tuple[Lane[Any, Any], ...]:
        # Receives before changes: an abandoned receive is given back by a change.
        return self._sends, self._receives, self._deletes, self._changes, self._burials, self._counts

    async def create_queue(self, settings: QueueSettings) -> QueueSettings:
        self._check_running()
        return await self._keeper.create(settings)

    async def change_queue(self, settings: QueueSettings) -> None:
        self._check_running()
        await self._keeper.change(settings)

    async def queue_settings(self, queue: QueueName) -> QueueSettings:
        self._check_running()
        return (await self._store.queue(queue)).settings

    async def list_queues(self) -> list[QueueSettings]:
        self._check_running()
        return await self._keeper.all()

    async def delete_queue(self, queue: QueueName) -> None:
        self._check_running()
        await self._keeper.delete(queue)

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        if not messages:
            return []
        return await self._sends.call(messages)

    async def send_within(
        self, connection: AsyncConnection, messages: Sequence[NewMessage]
    ) -> list[SendResult | WipsieError]:
        """Send inside the open transaction of `connection`, which must be one to the database that `accepts` names:
        the messages are there when that transaction commits, and never if it does not. Receivers are woken by the
        commit. Same refusals as `send`; StorageUnavailable when the connection is lost."""
        self._check_running()
        if not messages:
            return []
        from sqlalchemy.exc import SQLAlchemyError

        # Through SQLAlchemy, which opens the transaction with its first statement.
        async def execute(verb: str, *arguments: object) -> Sequence[Row]:
            result = await connection.exec_driver_sql(self._store.call_text(verb, len(arguments)), arguments)
            return cast(Sequence[Row], result.fetchall())

        try:
            outcomes, ready = await self._sender.send_within(execute, messages)
            if ready:
                text = hint_text(ready)
                await connection.exec_driver_sql("SELECT pg_notify($1, $2)", (self._announcer.channel, text))
        except SQLAlchemyError as error:
            raise as_unavailable(error) or error from error
        return outcomes

    async def receive(
        self,
        queue: QueueName,
        *,
        max_messages: int = 1,
        visibility_timeout_s: float | None = None,
        wait_s: float = 0.0,
    ) -> list[Delivery]:
        ask = Ask(queue, max_messages, visibility_timeout_s)
        has_looked = False

        async def look() -> Claim:
            nonlocal has_looked
            try:
                claim = await self._receives.call(ask)
            except StorageUnavailable:
                # Who waits goes on waiting while the server is away; who comes now is told.
                if not has_looked or self._is_stopping:
                    raise
                return [], None
            has_looked = True
            return claim

        return await receive_or_wait(
            look,
            waiters=self._waiters,
            clock=self._clock,
            now_ms=self._time.now_ms,
            queue=queue,
            wait_s=wait_s,
            is_stopping=lambda: self._is_stopping,
        )

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        return await self._deletes.call(receipts) if receipts else []

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        return await self._changes.call(changes) if changes else []

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        return await self._burials.call(orders) if orders else []

    async def counts(self, queue: QueueName) -> QueueCounts:
        return await self._counts.call(queue)

    async def purge(self, queue: QueueName) -> int:
        self._check_running()
        return await self._keeper.purge(queue)

    async def peek(
        self,
        queue: QueueName,
        *,
        limit: int = 10,
        after_sequence_number: int = 0,
        state: MessageState | None = None,
        message_id: MessageId | None = None,
    ) -> list[StoredMessage]:
        self._check_running()
        return await self._keeper.peek(
            queue, limit=limit, after=after_sequence_number, state=state, message_id=message_id
        )

    async def redrive(
        self,
        queue: QueueName,
        *,
        destination: QueueName | None = None,
        matching: RedriveFilter | None = None,
        limit: int = 100,
        after_sequence_number: int = 0,
    ) -> RedriveStep:
        self._check_running()
        return await self._mover.redrive(queue, destination, matching, limit, after_sequence_number)

    # Moving house, see `wipsie.queue.transfer.port`

    async def adopt(
        self, queue: QueueName, messages: Sequence[StoredMessage], *, transfer: str, batch: str, previous: str | None
    ) -> None:
        self._check_running()
        await self._house_mover.adopt(queue, messages, transfer=transfer, batch=batch, previous=previous)

    async def adopted(self, queue: QueueName, transfer: str) -> str | None:
        self._check_running()
        return await self._house_mover.adopted(queue, transfer)

    async def remove(self, queue: QueueName, messages: Sequence[tuple[int, MessageId]]) -> int:
        self._check_running()
        return await self._house_mover.remove(queue, messages)

    def _check_running(self) -> None:
        if not self._is_running:
            raise not_running()

    def _became_ready(self, ready: dict[QueueName, int], due: dict[QueueName, int]) -> None:
        for queue, count in ready.items():
            self._waiters.wake(queue, count)
        if ready and self._is_running:
            self._announcer.tell(ready)
        for queue, at_ms in due.items():
            self._waiters.alarm(queue, at_ms)

    def _abandon(self, ask: Ask, claim: Claim) -> None:
        """The caller of a receive is gone: its leases go back as if they had never been."""
        del ask
        deliveries, _ = claim
        if deliveries:
            try:
                given_back = self._changes.submit(
                    [VisibilityChange(one.queue, one.receipt, 0, undo_receive=True) for one in deliveries]
                )
            except WipsieError:
                # Stopping, or swamped: the leases end by themselves, as they do when giving back fails.
                return
            given_back.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _maintain(self) -> None:
        while True:
            await self._clock.sleep(MAINTENANCE_INTERVAL_S)
            try:
                await self._maintainer.run()
            except WipsieError:
                # The server is away; callers are told, and the next round tries again.
                continue
