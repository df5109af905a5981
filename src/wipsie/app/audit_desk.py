"""The desk where commands ask for the audit log."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO

from wipsie.app.audit import build_anchors, build_audit_log
from wipsie.app.objects import build_blobs
from wipsie.app.opened_database import opened_database
from wipsie.app.settings import Settings
from wipsie.audit import Anchor, Anchors, AuditLog, LoggedEvent, Verification, all_events, list_events, verify
from wipsie.database import Database
from wipsie.kernel import json
from wipsie.kernel.clock import Clock


class AuditDesk:
    """What commands may ask of the log."""

    def __init__(self, database: Database, audit: AuditLog, anchors: Anchors) -> None:
        self._database = database
        self._audit = audit
        self._anchors = anchors

    async def list(
        self, *, limit: int, actor: str | None = None, action: str | None = None, about: str | None = None
    ) -> list[LoggedEvent]:
        """The newest events, newest first. StorageUnavailable."""
        return await list_events(self._database, limit=limit, actor=actor, action=action, object=about)

    async def verify(self, *, on_progress: Callable[[int], None] | None = None) -> Verification:
        """Look through the whole log. StorageUnavailable."""
        # Anchors first: one dropped after the look began would tell of events it does not see.
        anchors = await self._anchors.all()
        return await verify(self._database, self._audit.keys, anchors=anchors, on_progress=on_progress)

    async def export(self, file: BinaryIO, *, after_seq: int = 0) -> int:
        """Write every event after `after_seq` as a line of JSON; how many. StorageUnavailable."""
        count = 0
        async for event in all_events(self._database, after_seq=after_seq):
            file.write(json.encode(event) + b"\n")
            count += 1
        return count

    async def anchor(self) -> Anchor | None:
        """Note where the log ends; None for an empty one. StorageUnavailable."""
        return await self._anchors.drop(self._database)


@asynccontextmanager
async def opened_audit_desk(settings: Settings, clock: Clock) -> AsyncGenerator[AuditDesk]:
    """The desk of this data folder, beside a running Wipsie or without one."""
    audit = build_audit_log(settings, clock)
    async with opened_database(settings, clock) as database:
        yield AuditDesk(database, audit, build_anchors(audit, build_blobs(settings), clock))
