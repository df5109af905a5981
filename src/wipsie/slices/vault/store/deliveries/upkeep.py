"""What is done with deliveries by the clock: lines whose job was lost go on, files are deleted at WhatsApp, old rows go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing, SealBroken
from wipsie.slices.vault.domain.sending.body import FILE_KIND, DeliveryBody
from wipsie.slices.vault.store.columns import open_column
from wipsie.slices.vault.store.deliveries.rows import ARRIVED, DELIVERIES
from wipsie.slices.vault.store.tables import deliveries_table


class UploadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file at WhatsApp that nobody needs any more."""

    delivery_id: str
    media_id: str | None
    """None: it was never uploaded, or nobody can read which it is."""


async def overdue_owners(connection: AsyncConnection, *, before_ms: int, count_max: int) -> Sequence[str]:
    """Owners to whom something should have been sent before `before_ms`: its job was lost, or given up."""
    found = await connection.execute(
        select(DELIVERIES.owner)
        .where(
            DELIVERIES.settled_at_ms.is_(None),
            DELIVERIES.next_at_ms < before_ms,
            DELIVERIES.claimed_until_ms < before_ms,
        )
        .group_by(DELIVERIES.owner)
        .order_by(func.min(DELIVERIES.next_at_ms))
        .limit(count_max)
    )
    return found.scalars().all()


async def waiting_owners(connection: AsyncConnection, phone_number_id: str, *, count_max: int) -> Sequence[str]:
    """Owners to whom something waits to be sent from a number, those who wait longest first."""
    found = await connection.execute(
        select(DELIVERIES.owner)
        .where(DELIVERIES.settled_at_ms.is_(None), DELIVERIES.phone_number_id == phone_number_id)
        .group_by(DELIVERIES.owner)
        .order_by(func.min(DELIVERIES.number))
        .limit(count_max)
    )
    return found.scalars().all()


async def count_waiting(connection: AsyncConnection) -> int:
    """How many deliveries are not settled."""
    found = await connection.execute(
        select(func.count()).select_from(deliveries_table).where(DELIVERIES.settled_at_ms.is_(None))
    )
    return found.scalar_one()


async def files_to_delete(
    connection: AsyncConnection, ring: KeyRing, *, settled_before_ms: int, count_max: int
) -> list[UploadedFile]:
    """Files at WhatsApp whose messages arrived, or were settled before that. KeyMissing."""
    found = await connection.execute(
        select(DELIVERIES.id, DELIVERIES.body)
        .where(
            DELIVERIES.settled_at_ms.is_not(None),
            DELIVERIES.kind == FILE_KIND,
            DELIVERIES.body.is_not(None),
            or_(DELIVERIES.status.in_(ARRIVED), DELIVERIES.settled_at_ms < settled_before_ms),
        )
        .order_by(DELIVERIES.settled_at_ms)
        .limit(count_max)
    )
    return [UploadedFile(delivery_id=row.id, media_id=_media_id(ring, row)) for row in found]


async def forget_bodies(connection: AsyncConnection, delivery_ids: Sequence[str]) -> None:
    """Forget what these said."""
    await connection.execute(update(deliveries_table).where(DELIVERIES.id.in_(delivery_ids)).values(body=None))


async def forget_old_bodies(connection: AsyncConnection, *, before_ms: int, count_max: int) -> int:
    """Forget what deliveries said that were settled before `before_ms`, files excepted: see `files_to_delete`. How many."""
    old = (
        select(DELIVERIES.number)
        .where(DELIVERIES.settled_at_ms < before_ms, DELIVERIES.body.is_not(None), DELIVERIES.kind != FILE_KIND)
        .order_by(DELIVERIES.settled_at_ms)
        .limit(count_max)
    )
    forgotten = await connection.execute(update(deliveries_table).where(DELIVERIES.number.in_(old)).values(body=None))
    return forgotten.rowcount


async def forget_settled(connection: AsyncConnection, *, before_ms: int, count_max: int) -> int:
    """Remove rows that were settled before `before_ms`: no status comes for them any more. How many."""
    old = (
        select(DELIVERIES.number)
        .where(DELIVERIES.settled_at_ms < before_ms)
        .order_by(DELIVERIES.settled_at_ms)
        .limit(count_max)
    )
    return (await connection.execute(delete(deliveries_table).where(DELIVERIES.number.in_(old)))).rowcount


async def forget_owner(connection: AsyncConnection, owner: str) -> int:
    """Remove everything that was, or was to be, said to somebody who is erased. How many."""
    return (await connection.execute(delete(deliveries_table).where(DELIVERIES.owner == owner))).rowcount


def _media_id(ring: KeyRing, row: Any) -> str | None:
    try:
        return open_column(ring, row.body, DeliveryBody, DELIVERIES.body, row.id).media_id
    except SealBroken:
        # One row that nobody can read is not in the way of the others.
        return None
