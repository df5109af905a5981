"""What a queue offers that keeps its messages in this very database: sending them in somebody else's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class TransactionPublisher(Protocol):
    """Sends messages as part of a transaction; they are there if, and only if, it commits."""

    async def send_within(self, connection: AsyncConnection, messages: Sequence[Any]) -> Sequence[Any]:
        """Store `messages` (`Publishable`s) in the transaction of `connection`, one result each, in order. A result that
        is a WipsieError is a refusal; nothing was stored for it. StorageUnavailable when nothing can be stored now."""
        ...
