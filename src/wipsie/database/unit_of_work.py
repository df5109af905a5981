"""One commit for everything a use case changes: its rows, the messages it publishes, the message it has handled, and what the
audit log says of it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import inbox, outbox
from wipsie.database.publishing import TransactionPublisher
from wipsie.database.recording import TransactionRecorder
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InternalError, WipsieError


class UnitOfWork:
    """Made by `Database.unit_of_work`; committed when its block ends, rolled back when the block raises."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self.connection = connection
        """The open transaction."""
        self._clock = clock
        self._published: list[outbox.Publishable] = []
        self._events: list[AuditEvent] = []
        self._after_commit: list[Callable[[], None]] = []

    @property
    def published(self) -> int:
        """How many messages this unit publishes so far."""
        return len(self._published)

    def publish(self, message: outbox.Publishable) -> None:
        """Send `message` (a `NewMessage`) if, and only if, this unit commits.

        By the outbox it is in the queue moments after the commit, and a queue that does not exist is found out then, see
        `wipsie.database.outbox.refused`. With `Database.publish_with` it is in the queue with the commit; what the queue
        refuses at that moment, because it is full for example, goes by the outbox all the same.
        """
        self._published.append(message)

    def record(self, event: AuditEvent) -> None:
        """Put `event` into the audit log if, and only if, this unit commits."""
        self._events.append(event)

    def after_commit(self, hook: Callable[[], None]) -> None:
        """Call `hook` once this unit is committed, and not otherwise: to forget what is remembered of its rows, for example."""
        self._after_commit.append(hook)

    def committed(self) -> None:
        """Run the hooks. Called by `Database.unit_of_work`."""
        for hook in self._after_commit:
            hook()

    async def mark_handled(self, message_id: str, handler: str) -> bool:
        """Note that `handler` handles `message_id` in this commit. False: it did so before; leave everything as it is."""
        return await inbox.mark_handled(self.connection, message_id, handler, now_ms=self._clock.now_ms())

    async def write_messages(self, publisher: TransactionPublisher | None) -> bool:
        """Put what was published into the queue or the outbox; the last step before the commit. Called by
        `Database.unit_of_work`. True when the relay has something to do."""
        by_outbox = self._published
        if publisher is not None and by_outbox:
            results = await publisher.send_within(self.connection, by_outbox)
            refusals = [isinstance(result, WipsieError) for result in results]
            by_outbox = [message for message, refused in zip(by_outbox, refusals, strict=True) if refused]
        if by_outbox:
            await outbox.write(self.connection, by_outbox, now_ms=self._clock.now_ms())
        return bool(by_outbox)

    async def write_events(self, recorder: TransactionRecorder | None) -> None:
        """Put what was recorded into the audit log; after everything else, since the log is held from here to the commit.
        Called by `Database.unit_of_work`."""
        if not self._events:
            return
        if recorder is None:
            raise InternalError("A change is to be audited and this process has no audit log; report this.")
        await recorder.record(self.connection, self._events)
