"""Promises of what sending asks the database: it costs the same however much was ever said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from spoken import status
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.slices.vault.store.deliveries import (
    count_waiting,
    head_of,
    overdue_owners,
    waiting_owners,
)
from wipsie.slices.vault.store.deliveries.statuses import WANTED, wanted_by
from wipsie.slices.vault.store.tables import deliveries_table
from wipsie.testing.query_plans import ROWS, assert_indexed, fill_table, sent_selects

pytestmark = pytest.mark.slow
_OPEN = 50


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, deliveries_table, deliveries())


def deliveries() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        is_open = number >= ROWS - _OPEN
        yield {
            "id": f"vdel_{number:032x}",
            "owner": f"vown_{number % 100}",
            "phone_number_id": "420000000000088",
            "kind": "text",
            "body": b"x" if is_open else None,
            "is_sensitive": False,
            "state": "waiting" if is_open else "accepted",
            "status": None if is_open else "read",
            "message_token": None if is_open else f"{number:032x}",
            "attempts": 1,
            "unknowns": 0,
            "next_at_ms": number,
            "claimed_until_ms": 0,
            "created_at_ms": number,
            "settled_at_ms": None if is_open else number,
        }


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_sending_reads_through_indexes(full: Database, ring: KeyRing) -> None:
    async with full.read() as connection:
        with sent_selects() as sent:
            head = await head_of(connection, f"vown_{(ROWS - 1) % 100}")
            assert head is not None
        for statement in sent:
            await assert_indexed(connection, statement)
        told = [status("read", f"vdel_{number * 1_000:032x}", message_id=f"wamid.{number}") for number in range(50)]
        with sent_selects() as sent:
            assert len((await connection.execute(WANTED, wanted_by(ring, told))).all()) == 50
        for statement in sent:
            await assert_indexed(connection, statement, may_sort=True)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_what_waits_is_found_beside_everything_that_was_ever_said(full: Database) -> None:
    async with full.read() as connection:
        with sent_selects() as sent:
            assert len(await overdue_owners(connection, before_ms=ROWS, count_max=100)) == _OPEN
            assert len(await waiting_owners(connection, "420000000000088", count_max=100)) == _OPEN
            assert await count_waiting(connection) == _OPEN
        for statement in sent:
            await assert_indexed(connection, statement, may_sort=True)
        failed = select(deliveries_table.c.id).where(deliveries_table.c.state == "failed")
        await assert_indexed(connection, failed.order_by(deliveries_table.c.number.desc()).limit(50))
