"""What routes ask of the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from wipsie.audit import Anchors, AuditLog, Verification, events_after, read_head, verify
from wipsie.database import Database
from wipsie.kernel import json


class AuditDesk:
    """One for the API."""

    def __init__(self, database: Database, log: AuditLog, anchors: Anchors) -> None:
        self._database = database
        self._log = log
        self._anchors = anchors
        self._verifying: asyncio.Task[Verification] | None = None

    async def verify(self) -> Verification:
        """Look through the whole log; who asks meanwhile shares the look. StorageUnavailable, ConfigurationError."""
        if self._verifying is None or self._verifying.done():
            self._verifying = asyncio.create_task(self._verify(), name="audit-verification")
        # Shielded: one impatient client must not end the look the others wait for.
        return await asyncio.shield(self._verifying)

    async def lines(self, *, after_seq: int = 0) -> AsyncIterator[bytes]:
        """Every event up to now as a line of JSON, oldest first, in pages. What is written does not change, so no transaction
        stays open while a slow reader reads. StorageUnavailable."""
        async with self._database.read() as connection:
            head = await read_head(connection)
        last_seq = 0 if head is None else head.seq
        while after_seq < last_seq:
            page = await events_after(self._database, after_seq)
            if not page:
                return
            yield b"".join(json.encode(event) + b"\n" for event in page if event.seq <= last_seq)
            after_seq = page[-1].seq

    async def _verify(self) -> Verification:
        # Anchors first: one dropped after the look began would tell of events it does not see.
        anchors = await self._anchors.all()
        return await verify(self._database, self._log.keys, anchors=anchors)
