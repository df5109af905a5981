"""Promises of lists: every record once and in order, whatever the page size, and cursors that are good for one list alone."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete, insert
from starlette.requests import Request

from wipsie.api.lists import Choice, Context, Flag, Ids, ListReader, ListSpec, Moment, Page, Sort, Wanted, each
from wipsie.api.lists import cursor as cursors
from wipsie.api.lists.cursor import Cursor
from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import CursorMismatch, InvalidInput

KEY = bytes(32)
BOXES = Table(
    "boxes",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("colour", Text, nullable=False),
    Column("owner", Text),
    Column("size", BigInteger, nullable=False),
)
SPEC = ListSpec(
    name="boxes",
    columns=list(BOXES.columns),
    id=BOXES.c.id,
    filters=(
        Choice("colour", BOXES.c.colour, ("red", "blue"), aliases={"any": ("red", "blue")}),
        Ids("owner", BOXES.c.owner, about="Of these people.", me=True, none=True),
        Moment("made", BOXES.c.size, about="Made"),
        Flag("large", lambda _: BOXES.c.size >= 3, about="Three and more."),
    ),
    sorts=(Sort(name="made", column=BOXES.c.id), Sort(name="size", column=BOXES.c.size)),
    default_sort="-made",
)
OTHER = dataclasses.replace(SPEC, name="other boxes")
CONTEXT = Context(now_ms=0, user_id="ann")
_VIEWS = each(lambda row: row["id"])

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with the table of boxes."""
    database = Database(database_url, clock=SystemClock())
    await database.start()
    async with database.begin() as connection:
        await connection.run_sync(BOXES.metadata.create_all)
    yield database
    await database.stop()


def _wanted(spec: ListSpec = SPEC, **query: Any) -> Wanted:
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/boxes",
        "query_string": urlencode({name: value for name, value in query.items() if value is not None}).encode(),
        "headers": [(b"host", b"wipsie")],
        "server": ("wipsie", 80),
    }
    return spec.read(Request(scope), CONTEXT)


async def _fill(database: Database, sizes: Sequence[int]) -> list[tuple[int, str]]:
    boxes = [
        {
            "id": f"box_{index:04d}",
            "colour": ("red", "blue")[index % 2],
            "owner": (None, "ann", "bob")[index % 3],
            "size": size,
        }
        for index, size in enumerate(sizes)
    ]
    async with database.begin() as connection:
        await connection.execute(delete(BOXES))
        if boxes:
            await connection.execute(insert(BOXES), boxes)
    return [(size, f"box_{index:04d}") for index, size in enumerate(sizes)]


async def _page(database: Database, spec: ListSpec = SPEC, **query: Any) -> Page[str]:
    async with database.read() as connection:
        reader = ListReader(database, cursor_key=lambda: KEY)
        return await reader.page(connection, spec, _wanted(spec, **query), _VIEWS)


async def _walk(database: Database, limit: int, sort: str) -> tuple[list[list[str]], Page[str]]:
    """All pages from the first to the last, and the last itself."""
    page = await _page(database, limit=limit, sort=sort)
    pages = [page.data]
    while page.page.next_cursor is not None:
        assert page.page.has_more
        page = await _page(database, limit=limit, sort=sort, cursor=page.page.next_cursor)
        pages.append(page.data)
    assert not page.page.has_more
    return pages, page


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(0, 4), max_size=25), limit=st.integers(1, 10), sort=st.sampled_from(["size", "-size"])
)
async def test_every_record_is_seen_once_and_in_order_both_ways(
    database: Database, sizes: list[int], limit: int, sort: str
) -> None:
    expected = [name for _, name in sorted(await _fill(database, sizes), reverse=sort.startswith("-"))]
    pages, page = await _walk(database, limit, sort)
    assert [one for part in pages for one in part] == expected
    assert all(len(part) == limit for part in pages[:-1])
    back = [page.data]
    while page.page.prev_cursor is not None:
        page = await _page(database, limit=limit, sort=sort, cursor=page.page.prev_cursor)
        back.append(page.data)
    # Pages on the way back are cut elsewhere, and the first may come up empty: nothing is missed or seen twice.
    assert [one for part in reversed(back) for one in part] == expected


async def test_what_is_added_meanwhile_moves_nothing(database: Database) -> None:
    await _fill(database, range(6))
    first = await _page(database, limit=3)
    async with database.begin() as connection:
        await connection.execute(insert(BOXES).values(id="box_9999", colour="red", size=9))
        await connection.execute(delete(BOXES).where(BOXES.c.id == first.data[-1]))
    second = await _page(database, limit=3, cursor=first.page.next_cursor)
    assert (first.data, second.data) == (["box_0005", "box_0004", "box_0003"], ["box_0002", "box_0001", "box_0000"])


@pytest.mark.parametrize(
    "elsewhere", [{"sort": "size"}, {"sort": "-size"}, {"colour": "red"}, {"spec": OTHER}, {"sort": "made"}]
)
async def test_a_cursor_is_good_for_its_own_list_filter_and_order_alone(
    database: Database, elsewhere: dict[str, Any]
) -> None:
    await _fill(database, range(6))
    cursor = (await _page(database, limit=2)).page.next_cursor
    # How many are on a page is another matter.
    assert len((await _page(database, limit=4, cursor=cursor)).data) == 4
    with pytest.raises(CursorMismatch):
        await _page(database, limit=2, cursor=cursor, **elsewhere)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: raw.hex())))
async def test_a_cursor_that_is_not_ours_is_refused(database: Database, text: str) -> None:
    with pytest.raises(CursorMismatch):
        cursors.read(text, key=KEY, query="x")


async def test_a_cursor_sealed_with_another_key_or_changed_is_refused(database: Database) -> None:
    text = cursors.write(Cursor("after", ["box_1"]), key=KEY, query="x")
    assert cursors.read(text, key=KEY, query="x") == Cursor("after", ["box_1"])
    for forged in (text[:-1], text + "A", "A" + text[1:], text * 100):
        with pytest.raises(CursorMismatch):
            cursors.read(forged, key=KEY, query="x")
    with pytest.raises(CursorMismatch):
        cursors.read(text, key=bytes([1] * 32), query="x")


async def test_filters_narrow_and_facets_count_what_one_could_choose_instead(database: Database) -> None:
    await _fill(database, [1, 2, 3, 4, 5, 6])
    page = await _page(database, colour="red", large="true", facets="colour", include="total")
    assert page.data == ["box_0004", "box_0002"]
    assert page.facets == {"colour": {"red": 2, "blue": 2}}
    assert page.total is not None
    assert (await _page(database, owner="me")).data == ["box_0004", "box_0001"]
    assert (await _page(database, owner="none,bob")).data == ["box_0005", "box_0003", "box_0002", "box_0000"]
    assert len((await _page(database, colour="any")).data) == 6
    assert (await _page(database, large="false", sort="size")).data == ["box_0000", "box_0001"]


@pytest.mark.parametrize("query", [{"colour": "green"}, {"size": "1"}, {"made_after": "1"}, {"owner": "a,,b"}])
async def test_what_a_list_does_not_know_is_refused(database: Database, query: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await _page(database, **query)
