"""Short words for what tests of deliveries do and look at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.slices.vault.domain.sending.body import DeliveryBody, Sendable
from wipsie.slices.vault.domain.whatsapp.outgoing import TextMessage
from wipsie.slices.vault.domain.whatsapp.updates import StatusUpdate
from wipsie.slices.vault.store.deliveries import NewDelivery, enqueue
from wipsie.slices.vault.store.tables import deliveries_table

OWNER = "vown_1"
NUMBER_ID = "420000000000088"


def said(message: Sendable | str = "Saved.", *, is_sensitive: bool = False) -> NewDelivery:
    """Something to say."""
    message = TextMessage(body=message) if isinstance(message, str) else message
    return NewDelivery(body=DeliveryBody(message=message), is_sensitive=is_sensitive)


async def put(
    database: Database, ring: KeyRing, *deliveries: NewDelivery, owner: str = OWNER, now_ms: int | None = None
) -> list[str]:
    """Say it; the ids."""
    async with database.unit_of_work() as unit:
        return await enqueue(
            unit,
            ring,
            owner=owner,
            phone_number_id=NUMBER_ID,
            deliveries=deliveries,
            now_ms=database.clock.now_ms() if now_ms is None else now_ms,
        )


async def row_of(database: Database, delivery_id: str) -> Any:
    """Its row."""
    async with database.read() as connection:
        return (await connection.execute(select(deliveries_table).where(deliveries_table.c.id == delivery_id))).one()


async def set_row(database: Database, delivery_id: str, **values: Any) -> None:
    """As if that had happened to it."""
    async with database.begin() as connection:
        await connection.execute(update(deliveries_table).where(deliveries_table.c.id == delivery_id).values(**values))


def status(name: str, reference: str | None = None, *, message_id: str = "wamid.ONE", **more: Any) -> StatusUpdate:
    """As a webhook tells it."""
    return StatusUpdate(message_id=message_id, status=name, reference=reference, **more)
