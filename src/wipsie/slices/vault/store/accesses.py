"""Reports that staff opened, and owners they let in: who, and why."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.tables import accesses_table, reports_table

_ROWS = accesses_table.c
_REPORTS = reports_table.c


LET_IN: Final = ""
"""In the place of a report: its owner was let in."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One opening."""

    id: str
    is_let_in: bool
    """It is about the owner, not about a report."""
    number: int | None
    """Of the report; None when nobody knows it any more."""
    actor: str
    at_ms: int
    reason: str


async def add_access(
    connection: AsyncConnection, ring: KeyRing, *, owner: str, report: str, actor: str, reason: str, now_ms: int
) -> str:
    """Keep why somebody opens a report, or, with `LET_IN` for one, lets its owner in; its id."""
    id_ = str(new_object_id("vac", now_ms))
    await connection.execute(
        insert(accesses_table).values(
            id=id_,
            owner=owner,
            report=report,
            actor=actor,
            at_ms=now_ms,
            reason=seal_column(ring, reason, _ROWS.reason, id_),
        )
    )
    return id_


async def accesses_of(connection: AsyncConnection, ring: KeyRing, owner: str, *, count_max: int) -> list[Access]:
    """Of an owner, the newest first. SealBroken, KeyMissing."""
    found = await connection.execute(
        select(_ROWS.id, _ROWS.report, _REPORTS.number, _ROWS.actor, _ROWS.at_ms, _ROWS.reason)
        .outerjoin_from(accesses_table, reports_table, _REPORTS.id == _ROWS.report)
        .where(_ROWS.owner == owner)
        .order_by(_ROWS.at_ms.desc(), _ROWS.id.desc())
        .limit(count_max)
    )
    return [
        Access(
            id=row.id,
            is_let_in=row.report == LET_IN,
            number=row.number,
            actor=row.actor,
            at_ms=row.at_ms,
            reason=open_column(ring, row.reason, str, _ROWS.reason, row.id),
        )
        for row in found
    ]


async def forget_accesses(connection: AsyncConnection, owner: str) -> None:
    """Remove why reports of an owner were opened, and they let in. That it was done stays in the audit log."""
    await connection.execute(delete(accesses_table).where(_ROWS.owner == owner))
