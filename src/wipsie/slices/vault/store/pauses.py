"""Numbers of ours that are silent: who else wants to send from them waits too, in whatever process."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.slices.vault.domain.sending.pauses import PROBE_S, Pause, is_probed
from wipsie.slices.vault.store.tables import pauses_table

_PAUSES = pauses_table.c
_OF = select(pauses_table).where(_PAUSES.phone_number_id == bindparam("number"))


class PausedNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A number from which nothing is sent until `until_ms`."""

    phone_number_id: str
    error_code: int
    reason: str
    since_ms: int
    until_ms: int

    @property
    def is_probed(self) -> bool:
        """One message is tried at its end, before all others."""
        return is_probed(self.reason)


async def pause_of(connection: AsyncConnection, phone_number_id: str) -> PausedNumber | None:
    """Why a number is silent. One whose time is over is there until somebody has sent from it."""
    found = await connection.execute(_OF, {"number": phone_number_id})
    row = found.mappings().one_or_none()
    return None if row is None else PausedNumber(**row)


async def paused_numbers(connection: AsyncConnection) -> Sequence[PausedNumber]:
    """All of them, for staff."""
    found = await connection.execute(select(pauses_table).order_by(_PAUSES.since_ms, _PAUSES.phone_number_id))
    return [PausedNumber(**row) for row in found.mappings()]


async def pause(connection: AsyncConnection, phone_number_id: str, why: Pause, *, now_ms: int) -> bool:
    """Send nothing from a number for now. True when that is new, or for another reason than before; a pause that ends by a probe is
    not cut short by one that ends by itself."""
    until_ms = now_ms + round(why.in_s * 1000)
    row = {
        "phone_number_id": phone_number_id,
        "error_code": why.error_code,
        "reason": why.reason,
        "since_ms": now_ms,
        "until_ms": until_ms,
    }
    inserted = await connection.execute(insert_ignoring_conflicts(connection.dialect.name, pauses_table).values(row))
    if inserted.rowcount > 0:
        return True
    found = await connection.execute(
        select(pauses_table).where(_PAUSES.phone_number_id == phone_number_id).with_for_update()
    )
    row_there = found.mappings().one_or_none()
    if row_there is None:
        # Somebody has just sent from it. The next refusal begins it anew.
        return False
    known = PausedNumber(**row_there)
    is_other = known.reason != why.reason
    if is_other and known.is_probed and not is_probed(why.reason):
        return False
    changes = row if is_other else {"until_ms": until_ms}
    await connection.execute(update(pauses_table).where(_PAUSES.phone_number_id == phone_number_id).values(changes))
    return is_other


async def take_probe(connection: AsyncConnection, phone_number_id: str, *, now_ms: int) -> bool:
    """Be the one who tries a number whose pause is over, for the next minute; False when somebody else is."""
    changed = await connection.execute(
        update(pauses_table)
        .where(_PAUSES.phone_number_id == phone_number_id, _PAUSES.until_ms <= now_ms)
        .values(until_ms=now_ms + round(PROBE_S * 1000))
    )
    return changed.rowcount > 0


async def end_pause(connection: AsyncConnection, phone_number_id: str) -> bool:
    """Send from it again. False when it was not silent."""
    ended = await connection.execute(delete(pauses_table).where(_PAUSES.phone_number_id == phone_number_id))
    return ended.rowcount > 0


async def try_now(connection: AsyncConnection, phone_number_id: str | None = None, *, now_ms: int) -> Sequence[str]:
    """Let a number, or all, be tried at once: the token is another one, or the process is new. Those that were silent."""
    changed = await connection.execute(
        update(pauses_table)
        .where(
            _PAUSES.until_ms > now_ms,
            *(() if phone_number_id is None else (_PAUSES.phone_number_id == phone_number_id,)),
        )
        .values(until_ms=now_ms)
        .returning(_PAUSES.phone_number_id)
    )
    return changed.scalars().all()
