"""Promises of the list of summaries and of what a summary is gathered from: read through indexes at a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists.reading import page_statement
from wipsie.database import Database
from wipsie.slices.asyncops.domain.digest.window import DAY_MS
from wipsie.slices.asyncops.routes.summaries import SUMMARY_LIST
from wipsie.slices.asyncops.service.summaries.past import changes_statement
from wipsie.slices.asyncops.store.summaries import COLUMNS, daily_summaries_table
from wipsie.slices.asyncops.store.timeline import timeline_events_table
from wipsie.testing.query_plans import ROWS, asked, assert_indexed, fill_table, query_plan

pytestmark = pytest.mark.slow
START_MS = 0
EVENTS_START_MS = 1_750_000_000_000


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, daily_summaries_table, summaries())
    await fill_table(connection, timeline_events_table, events())


def summaries() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        end_ms = START_MS + number * DAY_MS
        yield {
            "id": f"sum_{number:08d}",
            "created_at_ms": end_ms,
            "created_by": None,
            "updated_at_ms": end_ms,
            "version": 1,
            "window_start_ms": end_ms - DAY_MS,
            "window_end_ms": end_ms,
            "timezone": "UTC",
            "for_date": (date(1970, 1, 1) + timedelta(days=number)).isoformat(),
            "edition": 1,
            "schema_version": "x",
            "generator": "manual" if number % 20_000 == 11 else "schedule",
            "headline": [],
            "all_quiet": True,
            # Nobody reads it here.
            "content": [],
            "content_hash": "x",
            "sent_at_ms": None,
            "sent_to": None,
        }


def events() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        at_ms = EVENTS_START_MS + number * 60_000
        yield {
            "id": f"tle_{at_ms:012x}7{number:019x}",
            "object_kind": "incident",
            "object_id": f"inc_{number % 100}",
            "kind": "changed",
            "at_ms": at_ms,
            "recorded_at_ms": at_ms,
            "actor": "system:asyncops",
            "body": None,
            "data": {"changes": {"title": ["a", "b"]}},
            "pinned": False,
            "corrects": None,
        }


@pytest.mark.parametrize(
    "query",
    [
        "generator=manual",
        "generator=schedule",
        "date_from=2001-01-01&date_to=2001-01-01",
        "date_from=2001-01-01&date_to=2001-01-31",
    ],
)
async def test_what_is_filtered_is_read_through_an_index(full: Database, query: str) -> None:
    async with full.read() as connection:
        await assert_indexed(
            connection,
            page_statement(SUMMARY_LIST, asked(SUMMARY_LIST, query, now_ms=0, user_id="usr_x")),
            may_sort="date" in query,
        )


@pytest.mark.parametrize("query", ["sort=window_end", "sort=-window_end", "sort=created_at", "sort=-created_at"])
async def test_a_page_of_everything_is_read_in_its_order(full: Database, query: str) -> None:
    async with full.read() as connection:
        plan = await query_plan(
            connection, page_statement(SUMMARY_LIST, asked(SUMMARY_LIST, query, now_ms=0, user_id="usr_x"))
        )
    assert (plan.work, [*plan.sorts]) == (None, []), str(plan)


async def test_the_first_edition_of_a_window_and_the_one_before_are_found_by_an_index(full: Database) -> None:
    first = select(COLUMNS.id).where(
        COLUMNS.window_end_ms == 1000 * DAY_MS, COLUMNS.timezone == "UTC", COLUMNS.edition == 1
    )
    async with full.read() as connection:
        await assert_indexed(connection, first)


async def test_the_changes_since_a_time_are_found_by_their_ids(full: Database) -> None:
    since_ms = EVENTS_START_MS + (ROWS - 500) * 60_000
    async with full.read() as connection:
        await assert_indexed(connection, changes_statement(since_ms))
