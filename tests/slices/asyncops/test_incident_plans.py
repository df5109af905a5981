"""Promises of the lists around incidents: each filter and each order reads through an index, at a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists import ListSpec
from wipsie.api.lists.reading import page_statement
from wipsie.auth.principal import Principal
from wipsie.auth.rights import RightsTable
from wipsie.database import Database
from wipsie.kernel.ids import first_object_id
from wipsie.slices.asyncops.domain.incidents import OPEN
from wipsie.slices.asyncops.domain.milestones import MILESTONES
from wipsie.slices.asyncops.registry import build_subjects
from wipsie.slices.asyncops.rights import RIGHTS
from wipsie.slices.asyncops.routes.follow_ups import FOLLOW_UP_LIST
from wipsie.slices.asyncops.routes.incidents import INCIDENT_LIST
from wipsie.slices.asyncops.routes.postmortems import POSTMORTEM_LIST, seen_postmortems
from wipsie.slices.asyncops.store.follow_ups import COLUMNS as FOLLOW_UP_COLUMNS
from wipsie.slices.asyncops.store.follow_ups import follow_ups_table
from wipsie.slices.asyncops.store.incidents import INCIDENTS, incident_components_table, incidents_table
from wipsie.slices.asyncops.store.postmortems import postmortems_table
from wipsie.testing.query_plans import ROWS, asked, assert_indexed, fill_table, query_plan

pytestmark = pytest.mark.slow
START_MS = 1_750_000_000_000
NOW_MS = START_MS + ROWS * 1_000


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, incidents_table, incidents())
    components = ({"component": component(one), "incident_id": incident_id(one)} for one in range(ROWS))
    await fill_table(connection, incident_components_table, components)
    await fill_table(connection, follow_ups_table, follow_ups())
    await fill_table(connection, postmortems_table, postmortems())


def incident_id(number: int) -> str:
    return first_object_id("inc", START_MS + number * 1_000)


def component(number: int) -> str:
    return "rare" if number % 20_000 == 11 else "mail"


def incidents() -> Iterator[dict[str, Any]]:
    """Most are over, as in life; a few are open, restricted, led by somebody, or late."""
    for number in range(ROWS):
        at_ms = START_MS + number * 1_000
        is_rare = number % 20_000 == 11
        status = "declared" if is_rare else "closed"
        yield {
            **common(incident_id(number), at_ms),
            "number": number + 1,
            "title": "Mail stands still",
            "severity": "sev1" if is_rare else "sev3",
            "status": status,
            "is_open": status in OPEN,
            "visibility": "restricted" if is_rare else "team",
            **{f"{name}_ms": at_ms for name in MILESTONES if name != "closed_at"},
            "closed_at_ms": None if is_rare else at_ms,
            "opened_at_ms": at_ms,
            "declared_by": "usr_often",
            "lead": "usr_rare" if is_rare else "usr_often",
            "comms": None,
            "scribe": None,
            "affected": [component(number)],
            "summary": "",
            "customer_impact": "",
            "last_update_at_ms": None,
            "next_update_due_at_ms": NOW_MS - 1 if is_rare else None,
            "reminded_due_at_ms": None,
            "duplicate_of": None,
            "source": "queue" if is_rare else "manual",
            "dedupe_key": "rare" if number == 11 else None,
            "occurrences": 1,
        }


def follow_ups() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        is_rare = number % 20_000 == 11
        yield {
            **common(first_object_id("fup", START_MS + number * 1_000), START_MS + number * 1_000),
            "object_kind": "incident",
            "object_id": incident_id(number if number % 2 else 7),
            "text": "x",
            "owner": "usr_rare" if is_rare else "usr_often",
            "due_on": "2025-01-01" if is_rare else "2099-01-01",
            "state": "outstanding" if is_rare or number % 3 else "completed",
            "reason": "",
            "done_at_ms": None,
        }


def postmortems() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        is_rare = number % 20_000 == 11
        yield {
            **common(f"pmr_{number:08d}", START_MS + number * 1_000),
            "incident_id": incident_id(number),
            "state": "draft" if is_rare else "closed",
            "owner": "usr_rare" if is_rare else "usr_often",
            "due_at_ms": START_MS if is_rare else None,
            "sections": {},
            "reviewed_at_ms": None,
            "closed_at_ms": None,
        }


def common(record_id: str, at_ms: int) -> dict[str, Any]:
    return {"id": record_id, "created_at_ms": at_ms, "created_by": None, "updated_at_ms": at_ms, "version": 1}


def somebody(role: str) -> Principal:
    extents = RightsTable(RIGHTS).of(role)
    return Principal(kind="user", id="usr_rare", user_id="usr_rare", role=role, extents=extents)


def orders(spec: ListSpec) -> list[str]:
    return [f"sort={sign}{sort.name}" for sort in spec.sorts for sign in ("", "-")]


MADE = (
    "created_before=2000-01-01T00:00:00Z",
    "created_after=2099-01-01T00:00:00Z",
    "created_after=2025-06-15T15:06:40Z&created_before=2025-06-15T15:10:00Z",
)
LISTS = {spec.name: spec for spec in (INCIDENT_LIST, FOLLOW_UP_LIST, POSTMORTEM_LIST)}
FILTERS = {
    INCIDENT_LIST.name: (
        "status=declared",
        "status=closed",
        "status=merged",
        "severity=sev1",
        "severity=sev3",
        "severity=sev4",
        "visibility=restricted",
        "source=queue",
        "source=manual",
        "lead=me",
        "lead=usr_often",
        "lead=none",
        "affected=rare",
        "affected=none",
        "dedupe_key=rare",
        "open=true",
        "update_overdue=true",
        *MADE,
    ),
    FOLLOW_UP_LIST.name: (
        "owner=me",
        "owner=none",
        "owner=usr_often",
        "state=outstanding",
        "state=not_doing",
        "overdue=true&sort=due_on",
        "due_on_from=2020-01-01&due_on_to=2025-12-31&sort=due_on",
        *MADE,
    ),
    POSTMORTEM_LIST.name: ("state=draft", "state=in_review", "owner=me", "owner=none", "overdue=true"),
}
FEW = ("affected=rare", "affected=none", "update_overdue=true", "overdue=true")
"""What these find is little, however many records there are: it may be sorted by itself."""


def seen_by(role: str, spec: ListSpec) -> list[ColumnElement[bool]]:
    if spec is INCIDENT_LIST:
        return [INCIDENTS.visible_to(somebody(role))]
    if spec is POSTMORTEM_LIST:
        return seen_postmortems(somebody(role))
    return [build_subjects().visible(somebody(role), FOLLOW_UP_COLUMNS.object_kind, FOLLOW_UP_COLUMNS.object_id)]


@pytest.mark.parametrize("role", ["member", "lead"])
@pytest.mark.parametrize(
    ("spec", "query"),
    [pytest.param(LISTS[name], query, id=f"{name}?{query}") for name in FILTERS for query in FILTERS[name]],
)
async def test_what_is_filtered_is_read_through_an_index(full: Database, spec: ListSpec, query: str, role: str) -> None:
    statement = page_statement(spec, asked(spec, query, now_ms=NOW_MS, user_id="usr_rare"), where=seen_by(role, spec))
    async with full.read() as connection:
        await assert_indexed(connection, statement, may_sort=query in FEW)


@pytest.mark.parametrize("role", ["member", "lead"])
@pytest.mark.parametrize(
    ("spec", "query"),
    [pytest.param(spec, query, id=f"{spec.name}?{query}") for spec in LISTS.values() for query in orders(spec)],
)
async def test_a_page_of_everything_is_read_in_its_order(full: Database, spec: ListSpec, query: str, role: str) -> None:
    statement = page_statement(spec, asked(spec, query, now_ms=NOW_MS, user_id="usr_rare"), where=seen_by(role, spec))
    async with full.read() as connection:
        # It goes along an index until the page is full.
        plan = await query_plan(connection, statement)
    assert (plan.work, [*plan.sorts]) == (None, []), str(plan)
