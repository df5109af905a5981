"""Promises of the lists of the vault: each order, and each filter that finds few, reads through an index, at a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists.reading import page_statement
from wipsie.api.lists.spec import ListSpec
from wipsie.database import Database
from wipsie.kernel.ids import first_object_id
from wipsie.slices.vault.routes.staff_lists import DELIVERY_LIST, FILE_LIST, OWNER_LIST
from wipsie.slices.vault.store.tables import deliveries_table, files_table, identities_table
from wipsie.testing.query_plans import ROWS, asked, assert_indexed, fill_table

pytestmark = pytest.mark.slow
DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
START_MS = 1_750_000_000_000
OWNERS = 500
LISTS = {one.name: one for one in (OWNER_LIST, FILE_LIST, DELIVERY_LIST)}


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, identities_table, owners())
    await fill_table(connection, files_table, files())
    await fill_table(connection, deliveries_table, deliveries())


def is_rare(number: int) -> bool:
    return number % 20_000 == 11


def owners() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        at_ms = START_MS + number * 1_000
        yield {
            "id": first_object_id("vid", at_ms),
            "created_at_ms": at_ms,
            "user_token": f"u{number}",
            "number_token": f"n{number}",
            "details": b"x",
            "masked": "+1",
            "language": "en",
            "phone_number_id": "42",
            "last_message_at_ms": at_ms,
            "consent_version": None if is_rare(number) else 1,
            "stopped_at_ms": at_ms if is_rare(number) else None,
            "pin_failures": 0,
            "pin_blocked_until_ms": 0,
            "needs_step_up": is_rare(number),
            "next_report": 1,
            "stored_bytes": 0,
        }


def files() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        at_ms = START_MS + number * 1_000
        yield {
            "id": f"vfl_{number * 7919 % ROWS:032}",
            "owner": f"vid_{number % OWNERS}",
            "phone_number_id": "42",
            "received_at_ms": at_ms,
            "state": "fetching" if is_rare(number) else "saved",
            "details": b"x",
            "attempts": 1,
            "updated_at_ms": at_ms,
        }


def deliveries() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        at_ms = START_MS + number * 1_000
        yield {
            "id": f"vdl_{number}",
            "owner": f"vid_{number % OWNERS}",
            "phone_number_id": "42",
            "kind": "text",
            "is_sensitive": False,
            "state": "failed" if is_rare(number) else "accepted",
            "status": "failed" if is_rare(number) else "read",
            "attempts": 1,
            "unknowns": 0,
            "next_at_ms": at_ms,
            "claimed_until_ms": 0,
            "created_at_ms": at_ms,
            "settled_at_ms": at_ms,
        }


async def assert_read_through_an_index(full: Database, spec: ListSpec, query: str) -> None:
    async with full.read() as connection:
        await assert_indexed(connection, page_statement(spec, asked(spec, query, user_id="usr_042")))


@DATABASES
@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("vault_files", "state=saved"),
        ("vault_files", "state=fetching"),
        ("vault_files", "state=refused"),
        ("vault_files", "owner=vid_42"),
        ("vault_files", "owner=vid_nobody"),
        ("vault_files", "received_after=2099-01-01T00:00:00Z"),
        ("vault_files", "received_before=2000-01-01T00:00:00Z"),
        ("vault_deliveries", "state=failed"),
        ("vault_deliveries", "owner=vid_42"),
        ("vault_deliveries", "owner=vid_42&state=failed"),
        ("vault_owners", "consented=false"),
        ("vault_owners", "stopped=true"),
        ("vault_owners", "locked=true"),
    ],
)
async def test_what_is_filtered_is_read_through_an_index(full: Database, name: str, query: str) -> None:
    await assert_read_through_an_index(full, LISTS[name], query)


@DATABASES
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_of_everything_is_read_in_its_order(full: Database, name: str) -> None:
    spec = LISTS[name]
    for order in (f"{sign}{sort.name}" for sort in spec.sorts for sign in ("", "-")):
        await assert_read_through_an_index(full, spec, f"sort={order}")
