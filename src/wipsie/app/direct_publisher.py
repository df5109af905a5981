"""Publishing without the detour through the outbox, where queues and rows lie in one database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from wipsie.database import Database
from wipsie.kernel.errors import QueueNotFound, WipsieError
from wipsie.queue.contract import NewMessage, QueueBackend, SendResult
from wipsie.queue.engine import QueueEngine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@runtime_checkable
class TransactionalBackend(Protocol):
    """A queue backend that can send within somebody else's transaction."""

    def accepts(self, database_url: str) -> bool: ...

    async def send_within(
        self, connection: AsyncConnection, messages: Sequence[NewMessage]
    ) -> list[SendResult | WipsieError]: ...


def publish_directly(database: Database, database_url: str, engine: QueueEngine, backend: QueueBackend) -> bool:
    """Let units of work publish in their own transaction, if `backend` keeps its queues in the database of this URL;
    whether it does."""
    if not isinstance(backend, TransactionalBackend) or not backend.accepts(database_url):
        return False
    database.publish_with(DirectPublisher(engine, backend))
    return True


class DirectPublisher:
    """What `Database.publish_with` takes: names resolved and messages checked as the engine does, then sent."""

    def __init__(self, engine: QueueEngine, backend: TransactionalBackend) -> None:
        self._engine = engine
        self._backend = backend

    async def send_within(
        self, connection: AsyncConnection, messages: Sequence[NewMessage]
    ) -> list[SendResult | WipsieError]:
        """Store `messages` in the transaction of `connection`; one result or refusal each, in order."""
        results: list[SendResult | WipsieError | None] = []
        accepted: list[NewMessage] = []
        for message in messages:
            try:
                accepted.append(await self._prepared(message))
            except WipsieError as error:
                results.append(error)
            else:
                results.append(None)
        stored = iter(await self._backend.send_within(connection, accepted) if accepted else ())
        return [result if result is not None else next(stored) for result in results]

    async def _prepared(self, message: NewMessage) -> NewMessage:
        try:
            queue = self._engine.resolve(message.queue)
        except QueueNotFound:
            # Another process may have made it since.
            await self._engine.list_queues()
            queue = self._engine.resolve(message.queue)
        prepared = msgspec.structs.replace(message, queue=queue)
        self._engine.check(prepared)
        return prepared
