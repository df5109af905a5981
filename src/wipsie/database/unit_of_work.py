"""One commit for everything a use case changes: its rows, the messages it publishes, the message it has handled."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import inbox, outbox
from wipsie.database.publishing import TransactionPublisher
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError


class UnitOfWork:
    """Made by `Database.unit_of_work`; committed when its block ends, rolled back when the block raises."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self.connection = connection
        """The open transaction."""
        self._clock = clock
        self._published: list[outbox.Publishable] = []

    @property
    def published(self) -> int:
        """How many messages this unit publishes so far."""
        return len(self._published)

    def publish(self, message: outbox.Publishable) -> None:
        """Send `message` (a `NewMessage`) if, and only if, this unit commits.

        By the outbox it is in the queue moments after the commit, and a queue that does not exist is found out then, see
        `wipsie.database.outbox.refused`. With `Database.publish_with` it is in the queue with the commit, and a refusal
        undoes the unit.
        """
        self._published.append(message)

    async def mark_handled(self, message_id: str, handler: str) -> bool:
        """Note that `handler` handles `message_id` in this commit. False: it did so before; leave everything as it is."""
        return await inbox.mark_handled(self.connection, message_id, handler, now_ms=self._clock.now_ms())

    async def send_with(self, publisher: TransactionPublisher) -> None:
        """Send what was published in this transaction; the last step before the commit. Called by
        `Database.unit_of_work`. Raises the first refusal."""
        if not self._published:
            return
        for result in await publisher.send_within(self.connection, self._published):
            if isinstance(result, WipsieError):
                raise result

    async def write_outbox(self) -> None:
        """Store what was published; the last step before the commit. Called by `Database.unit_of_work`."""
        if self._published:
            await outbox.write(self.connection, self._published, now_ms=self._clock.now_ms())
