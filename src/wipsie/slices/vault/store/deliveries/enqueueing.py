"""Saying something: a row, and the job that sends it, in the commit that decides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict, NotFound
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.domain.sending.body import DeliveryBody
from wipsie.slices.vault.jobs import DeliverJob, job_message
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.deliveries.rows import DELIVERIES, ID_PREFIX
from wipsie.slices.vault.store.tables import deliveries_table


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Something to say."""

    body: DeliveryBody
    is_sensitive: bool = False
    """Not sent again when nobody knows whether it arrived."""


async def enqueue(
    unit: UnitOfWork,
    ring: KeyRing,
    *,
    owner: str,
    phone_number_id: str,
    deliveries: Sequence[NewDelivery],
    now_ms: int,
) -> list[str]:
    """Say this to `owner` in this order, from `phone_number_id` of ours, once the unit commits. The ids of the deliveries."""
    if not deliveries:
        return []
    ids = [str(new_object_id(ID_PREFIX, now_ms)) for _ in deliveries]
    rows = [
        _row(ring, one, row_id, owner, phone_number_id, now_ms) for one, row_id in zip(deliveries, ids, strict=True)
    ]
    await unit.connection.execute(insert(deliveries_table), rows)
    unit.publish(job_message(DeliverJob(owner=owner), now_s=now_ms / 1000))
    return ids


async def send_again(unit: UnitOfWork, ring: KeyRing, delivery_id: str, *, now_ms: int) -> str:
    """Say once more what failed, as a delivery of its own, after everything that waits for its owner. Its id. NotFound; Conflict when
    it has not failed, or what it said is forgotten. SealBroken, KeyMissing."""
    row = await _locked(unit.connection, delivery_id)
    if row.state != "failed" or row.body is None:
        raise Conflict(
            "Only what failed, and is not forgotten yet, is sent again.",
            details={"state": row.state, "is_forgotten": row.body is None},
        )
    body = open_column(ring, row.body, DeliveryBody, DELIVERIES.body, row.id)
    # Nobody sends it twice: the row that failed keeps its story, and nothing to say.
    await unit.connection.execute(update(deliveries_table).where(DELIVERIES.number == row.number).values(body=None))
    (new_id,) = await enqueue(
        unit,
        ring,
        owner=row.owner,
        phone_number_id=row.phone_number_id,
        deliveries=[NewDelivery(body=body, is_sensitive=row.is_sensitive)],
        now_ms=now_ms,
    )
    return new_id


async def cancel(connection: AsyncConnection, delivery_id: str, *, now_ms: int) -> None:
    """Do not send this. NotFound; Conflict when it is being sent, or settled."""
    row = await _locked(connection, delivery_id)
    if row.state not in ("waiting", "unknown") or row.claimed_until_ms > now_ms:
        raise Conflict("Only what waits is cancelled.", details={"state": row.state})
    await connection.execute(
        update(deliveries_table)
        .where(DELIVERIES.number == row.number)
        .values(state="cancelled", settled_at_ms=now_ms, body=None)
    )


async def cancel_all(connection: AsyncConnection, owner: str, *, now_ms: int) -> int:
    """Do not send anything that waits for somebody, and forget what was said to them. How many were waiting."""
    waiting = await connection.execute(
        update(deliveries_table)
        .where(
            DELIVERIES.owner == owner,
            DELIVERIES.settled_at_ms.is_(None),
            DELIVERIES.state != "sending",
            DELIVERIES.claimed_until_ms <= now_ms,
        )
        .values(state="cancelled", settled_at_ms=now_ms, body=None)
    )
    return waiting.rowcount


async def _locked(connection: AsyncConnection, delivery_id: str) -> Any:
    found = await connection.execute(select(deliveries_table).where(DELIVERIES.id == delivery_id).with_for_update())
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such delivery.", details={"delivery_id": delivery_id[:100]})
    return row


def _row(
    ring: KeyRing, delivery: NewDelivery, row_id: str, owner: str, phone_number_id: str, now_ms: int
) -> dict[str, Any]:
    return {
        "id": row_id,
        "owner": owner,
        "phone_number_id": phone_number_id,
        "kind": delivery.body.kind,
        "body": seal_column(ring, delivery.body, DELIVERIES.body, row_id),
        "is_sensitive": delivery.is_sensitive,
        "state": "waiting",
        "attempts": 0,
        "unknowns": 0,
        "next_at_ms": now_ms,
        "claimed_until_ms": 0,
        "created_at_ms": now_ms,
    }
