"""Promises of the lists of blockers and decisions: each filter and each order reads through an index, at a hundred thousand
rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists import ListSpec
from wipsie.api.lists.reading import page_statement
from wipsie.database import Database
from wipsie.slices.asyncops.domain.working_time import NEVER_MS
from wipsie.slices.asyncops.routes.blockers import BLOCKER_LIST
from wipsie.slices.asyncops.routes.decisions import DECISION_LIST
from wipsie.slices.asyncops.store.blockers import blockers_table
from wipsie.slices.asyncops.store.decisions import decisions_table
from wipsie.testing.query_plans import ROWS, asked, assert_indexed, fill_table, query_plan

pytestmark = pytest.mark.slow
START_MS = 1_750_000_000_000
NOW_MS = START_MS + ROWS * 1_000


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, blockers_table, blockers())
    await fill_table(connection, decisions_table, decisions())


def common(prefix: str, number: int) -> dict[str, Any]:
    at_ms = START_MS + number * 1_000
    return {
        "id": f"{prefix}_{number:08d}",
        "created_at_ms": at_ms,
        "created_by": "usr_rare" if is_rare(number) else "usr_often",
        "updated_at_ms": at_ms,
        "version": 1,
        "number": number + 1,
        "title": "x",
    }


def is_rare(number: int) -> bool:
    return number % 20_000 == 11


def blockers() -> Iterator[dict[str, Any]]:
    """Most are over, as in life."""
    for number in range(ROWS):
        rare = is_rare(number)
        at_ms = START_MS + number * 1_000
        yield {
            **common("blk", number),
            "details": "",
            "blocked": "usr_rare" if rare else "usr_often",
            "waiting_kind": "user" if rare else "external",
            "waiting_on": "usr_rare" if rare else "the landlord",
            "waiting_name": "x",
            "severity": "hard" if rare else "soft",
            "status": "open" if rare else "resolved",
            "since_ms": at_ms,
            "acknowledged_at_ms": None,
            "closed_at_ms": None if rare else at_ms,
            "resolution": "",
            "stale_at_ms": at_ms if rare else NEVER_MS,
            "escalate_at_ms": NEVER_MS,
            "escalated_at_ms": None,
        }


def decisions() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        rare = is_rare(number)
        yield {
            **common("dec", number),
            "status": "proposed" if rare else "superseded",
            **dict.fromkeys(("context", "outcome", "confirmation", "notes", "superseded_text"), ""),
            **{name: [] for name in ("drivers", "options", "consequences", "decision_makers", "consulted", "informed")},
            "chosen": None,
            "decided_on": "2020-01-01" if rare else "2025-01-01",
            "revisit_on": "2021-01-01" if rare else None,
            "proposed_at_ms": START_MS - 10**10,
            "supersedes": [],
            "superseded_by": "dec_rare" if rare else "dec_often",
            "source": f"{number}.md",
            "source_digest": None,
        }


FILTERS = {
    BLOCKER_LIST.name: (
        "status=open",
        "status=resolved",
        "status=acknowledged",
        "severity=hard",
        "severity=soft",
        "waiting_kind=user",
        "waiting_kind=task",
        "blocked=me",
        "blocked=usr_often",
        "waiting_on=me",
        "waiting_on=nobody",
        "open=true",
        "stale=true",
        "since_after=2020-01-01T00:00:00Z&sort=since",
    ),
    DECISION_LIST.name: (
        "status=proposed",
        "status=superseded",
        "status=draft",
        "created_by=me",
        "created_by=none",
        "superseded_by=dec_rare",
        "superseded_by=none",
        "waiting=true",
        "revisit_due=true",
        "source=11.md",
    ),
}
FEW = ("open=true", "stale=true", "waiting=true", "revisit_due=true")
"""What these find is little, however many records there are: it may be sorted by itself."""
LISTS = {spec.name: spec for spec in (BLOCKER_LIST, DECISION_LIST)}


@pytest.mark.parametrize(
    ("spec", "query"),
    [pytest.param(LISTS[name], query, id=f"{name}?{query}") for name in FILTERS for query in FILTERS[name]],
)
async def test_what_is_filtered_is_read_through_an_index(full: Database, spec: ListSpec, query: str) -> None:
    async with full.read() as connection:
        await assert_indexed(
            connection,
            page_statement(spec, asked(spec, query, now_ms=NOW_MS, user_id="usr_rare")),
            may_sort=query.startswith(FEW),
        )


@pytest.mark.parametrize(
    ("spec", "query"),
    [
        pytest.param(spec, f"sort={sign}{sort.name}", id=f"{spec.name}?{sign}{sort.name}")
        for spec in LISTS.values()
        for sort in spec.sorts
        for sign in ("", "-")
    ],
)
async def test_a_page_of_everything_is_read_in_its_order(full: Database, spec: ListSpec, query: str) -> None:
    async with full.read() as connection:
        # It goes along an index until the page is full.
        plan = await query_plan(connection, page_statement(spec, asked(spec, query, now_ms=NOW_MS, user_id="usr_rare")))
    assert (plan.work, [*plan.sorts]) == (None, []), str(plan)
