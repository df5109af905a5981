"""Archives that people wait for: a row each, from the request to what it came to. Whoever takes the row away tells them, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.vault.store.tables import exports_table

_ROWS = exports_table.c


async def await_export(connection: AsyncConnection, export_id: str, *, owner: str, now_ms: int) -> None:
    """Somebody wants this archive."""
    await connection.execute(
        insert(exports_table).values(id=export_id, owner=owner, requested_at_ms=now_ms, tried_at_ms=now_ms)
    )


async def begin_export(connection: AsyncConnection, export_id: str, *, now_ms: int) -> bool:
    """Note that it is tried; False when nobody waits for it any more."""
    tried = await connection.execute(update(exports_table).where(_ROWS.id == export_id).values(tried_at_ms=now_ms))
    return tried.rowcount > 0


async def settle_export(connection: AsyncConnection, export_id: str) -> bool:
    """They get it, or are told that they do not; False when that was settled before."""
    return (await connection.execute(delete(exports_table).where(_ROWS.id == export_id))).rowcount > 0


async def count_awaited(connection: AsyncConnection, owner: str) -> int:
    """How many somebody waits for."""
    wanted = select(func.count()).select_from(exports_table).where(_ROWS.owner == owner)
    return int((await connection.execute(wanted)).scalar_one())


async def stuck_exports(connection: AsyncConnection, *, before_ms: int, count_max: int) -> Sequence[tuple[str, str]]:
    """Owner and id of those that nobody tried since."""
    found = await connection.execute(
        select(_ROWS.owner, _ROWS.id).where(_ROWS.tried_at_ms < before_ms).order_by(_ROWS.tried_at_ms).limit(count_max)
    )
    return [(row.owner, row.id) for row in found]


async def forget_exports(connection: AsyncConnection, owner: str) -> None:
    """Nobody waits for archives of theirs any more."""
    await connection.execute(delete(exports_table).where(_ROWS.owner == owner))
