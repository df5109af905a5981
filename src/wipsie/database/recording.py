"""What keeps the audit log offers: writing events in the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.audit_event import AuditEvent


class TransactionRecorder(Protocol):
    """Writes events as part of a transaction; they are there if, and only if, it commits."""

    async def record(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Append `events`, in order. From here to the commit nobody else appends, so it comes last in a transaction.
        StorageUnavailable, ConfigurationError."""
        ...
