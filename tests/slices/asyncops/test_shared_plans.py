"""Promises of the lists that records of every kind have: each reads through an index, at a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists import ListSpec
from wipsie.api.lists.reading import page_statement
from wipsie.database import Database
from wipsie.slices.asyncops.routes.shared import SHARED_LISTS
from wipsie.slices.asyncops.store.comments import comments_table
from wipsie.slices.asyncops.store.followers import followers_table
from wipsie.slices.asyncops.store.links import links_table
from wipsie.slices.asyncops.store.timeline import EVENT_KINDS, timeline_events_table
from wipsie.testing.query_plans import ROWS, asked, assert_indexed, fill_table

pytestmark = pytest.mark.slow
START_MS = 1_750_000_000_000
PER_RECORD = 20
RECORD = "upd_00000042"
LISTS = {spec.name: spec for spec in SHARED_LISTS}
_LINKS, _FOLLOWERS = links_table.c, followers_table.c
OF_ONE: dict[str, ColumnElement[bool]] = {
    "comments": comments_table.c.object_id == RECORD,
    "timeline": timeline_events_table.c.object_id == RECORD,
    "links": or_(_LINKS.from_id == RECORD, (_LINKS.to_kind == "status") & (_LINKS.to_id == RECORD)),
    "references": (_LINKS.to_kind == "status") & (_LINKS.to_id == RECORD),
    "followers": _FOLLOWERS.object_id == RECORD,
    "followed": _FOLLOWERS.user_id == "usr_00000042",
}
"""What the routes ask for: what hangs on one record, or belongs to one person."""


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, comments_table, rows("cmt", created_by="usr_1", updated_at_ms=1, version=1))
    await fill_table(connection, timeline_events_table, events())
    await fill_table(connection, links_table, links())
    await fill_table(connection, followers_table, follows())


def on(number: int) -> str:
    return f"upd_{number // PER_RECORD:08d}"


def rows(prefix: str, **others: Any) -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        yield {
            "id": f"{prefix}_{number:08d}",
            "object_kind": "status",
            "object_id": on(number),
            "body": "x",
            "created_at_ms": START_MS + number,
            **others,
        }


def events() -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows("tle", actor="cli", data=None, pinned=False, corrects=None)):
        at_ms = row.pop("created_at_ms")
        yield {**row, "kind": EVENT_KINDS[number % len(EVENT_KINDS)], "at_ms": at_ms, "recorded_at_ms": at_ms}


def links() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        yield {
            "id": f"lnk_{number:08d}",
            "from_kind": "status",
            "from_id": on(number),
            "relation": "relates_to",
            "to_kind": "status",
            "to_id": f"upd_{number * 7 % (ROWS // PER_RECORD):08d}",
            "created_at_ms": START_MS + number,
            "created_by": None,
        }


def follows() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        yield {
            "object_id": on(number),
            "user_id": f"usr_{number % 5_003:08d}",
            "object_kind": "status",
            "since_ms": START_MS + number,
        }


@pytest.mark.parametrize(
    ("spec", "query"),
    [
        pytest.param(spec, f"sort={sign}{sort.name}", id=f"{spec.name}?{sign}{sort.name}")
        for spec in LISTS.values()
        for sort in spec.sorts
        for sign in ("", "-")
    ],
)
async def test_what_hangs_on_one_record_is_read_through_an_index(full: Database, spec: ListSpec, query: str) -> None:
    wanted = asked(spec, query, now_ms=START_MS)
    statement = page_statement(spec, wanted, where=[OF_ONE[spec.name]])
    async with full.read() as connection:
        # Links come from two indexes, and are few.
        await assert_indexed(connection, statement, may_sort=spec.name == "links")
