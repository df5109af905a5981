"""Promises of the list of status updates: each filter and each order reads through an index, at a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists.reading import page_statement
from wipsie.database import Database
from wipsie.kernel.ids import first_object_id
from wipsie.slices.asyncops.routes.status import STATUS_LIST
from wipsie.slices.asyncops.store.status import status_updates_table
from wipsie.testing.query_plans import ROWS, asked, assert_indexed, fill_table, query_plan

pytestmark = pytest.mark.slow
START_MS = 1_750_000_000_000
PEOPLE = 200
FIRST_DAY = date(2024, 1, 1)


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, status_updates_table, updates())


def updates() -> Iterator[dict[str, Any]]:
    """A day of two hundred people, and so on for five hundred days."""
    for number in range(ROWS):
        at_ms = START_MS + number * 1_000
        is_rare = number % 20_000 == 11
        yield {
            "id": first_object_id("upd", at_ms),
            "created_at_ms": at_ms,
            "created_by": f"usr_{number % PEOPLE:03d}",
            "updated_at_ms": at_ms,
            "version": 1,
            "author": f"usr_{number % PEOPLE:03d}",
            "for_date": (FIRST_DAY + timedelta(days=number // PEOPLE)).isoformat(),
            "health": "off_track" if is_rare else "on_track",
            "done": ["x"],
            "next": [],
            "notes": "",
            "mood": None,
            "late": is_rare,
        }


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    "query",
    [
        "author=me",
        "author=usr_nobody",
        "health=on_track",
        "health=off_track",
        "health=at_risk",
        "late=true",
        "for_date_from=2024-03-01&for_date_to=2024-03-01",
        "for_date_from=2099-01-01&sort=for_date",
        "created_after=2099-01-01T00:00:00Z",
        "created_before=2000-01-01T00:00:00Z",
    ],
)
async def test_what_is_filtered_is_read_through_an_index(full: Database, query: str) -> None:
    async with full.read() as connection:
        await assert_indexed(connection, page_statement(STATUS_LIST, asked(STATUS_LIST, query, user_id="usr_042")))


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("order", [f"{sign}{sort.name}" for sort in STATUS_LIST.sorts for sign in ("", "-")])
async def test_a_page_of_everything_is_read_in_its_order(full: Database, order: str) -> None:
    async with full.read() as connection:
        plan = await query_plan(connection, page_statement(STATUS_LIST, asked(STATUS_LIST, f"sort={order}")))
    assert (plan.work, [*plan.sorts]) == (None, []), str(plan)
