"""Reads pages: keyset paging, so the thousandth page costs what the first does, and nothing is seen twice or missed because
something was added meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from msgspec import UNSET
from sqlalchemy import ColumnElement, RowMapping, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response
from wipsie.api.lists import cursor as cursors
from wipsie.api.lists.cursor import Cursor
from wipsie.api.lists.filters import Choice, Context
from wipsie.api.lists.page import TOTAL_MAX, Page, PageInfo, Total
from wipsie.api.lists.spec import ListSpec, Wanted
from wipsie.database import Database
from wipsie.kernel.errors import CursorMismatch

ItemT = TypeVar("ItemT")

Views = Callable[[AsyncConnection, Sequence[RowMapping]], Awaitable[list[ItemT]]]
"""Makes items of the rows of a page, in their order; may look up what they refer to."""


def each(view: Callable[[RowMapping], ItemT]) -> Views[ItemT]:
    """Views of one row each, which need nothing else."""

    async def views(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[ItemT]:
        del connection
        return [view(row) for row in rows]

    return views


class ListReader:
    """Answers lists of one database."""

    def __init__(self, database: Database, *, cursor_key: Callable[[], bytes]) -> None:
        """`cursor_key`: 32 secret bytes that all processes of the API share; asked for with the first cursor."""
        self._database = database
        self._cursor_key = cursor_key

    async def answer(
        self,
        request: Request,
        spec: ListSpec,
        views: Views[ItemT],
        *,
        where: Sequence[ColumnElement[bool]] = (),
    ) -> Response:
        """One page as a response. `where` narrows the list to what whoever asks may see."""
        context = Context(now_ms=self._database.clock.now_ms(), user_id=principal_of(request).user_id)
        wanted = spec.read(request, context)
        async with self._database.glance() as connection:
            page = await self.page(connection, spec, wanted, views, where=where)
        return json_response(page, headers=_headers(wanted, page.page))

    async def page(
        self,
        connection: AsyncConnection,
        spec: ListSpec,
        wanted: Wanted,
        views: Views[ItemT],
        *,
        where: Sequence[ColumnElement[bool]] = (),
    ) -> Page[ItemT]:
        """One page. CursorMismatch."""
        cursor = None
        if wanted.cursor_text is not None:
            cursor = cursors.read(wanted.cursor_text, key=self._cursor_key(), query=wanted.query)
            if len(cursor.values) != len(_order(spec, wanted)):
                raise CursorMismatch("The cursor belongs to another version of this list; start without it.")
        backwards = cursor is not None and cursor.direction == "before"
        rows = (await connection.execute(page_statement(spec, wanted, cursor, where=where))).mappings().all()
        further = len(rows) > wanted.limit
        rows = rows[: wanted.limit]
        if backwards:
            rows = rows[::-1]
        names = [column.key for column in _order(spec, wanted)]

        def beside(row: RowMapping, direction: Any) -> str:
            place = Cursor(direction, [row[_ORDER_LABEL.format(name)] for name in names])
            return cursors.write(place, key=self._cursor_key(), query=wanted.query)

        # Coming from the other side there is at least the page one came from.
        has_more = further if not backwards else True
        has_before = cursor is not None if not backwards else further
        return Page(
            data=await views(connection, rows),
            page=PageInfo(
                next_cursor=beside(rows[-1], "after") if rows and has_more else None,
                prev_cursor=beside(rows[0], "before") if rows and has_before else None,
                has_more=bool(rows) and has_more,
            ),
            total=await _total(connection, spec, wanted, where) if wanted.with_total else UNSET,
            facets=await _facets(connection, spec, wanted, where) if wanted.facets else UNSET,
        )

    def write_place(self, values: list[str | int | float], query: Any) -> str:
        """The cursor of a place in a list that is read in another way, bound to `query`."""
        return cursors.write(Cursor("after", values), key=self._cursor_key(), query=query)

    def read_place(self, text: str, query: Any, *, values: int) -> list[str | int | float]:
        """The `values` of a cursor that `write_place` wrote for this query. CursorMismatch."""
        cursor = cursors.read(text, key=self._cursor_key(), query=query)
        if len(cursor.values) != values:
            raise CursorMismatch("The cursor belongs to another version of this list; start without it.")
        return cursor.values


_ORDER_LABEL = "order_by_{}"


def page_statement(
    spec: ListSpec, wanted: Wanted, cursor: Cursor | None = None, *, where: Sequence[ColumnElement[bool]] = ()
) -> Select[Any]:
    """The statement that reads one page and one row more."""
    order = _order(spec, wanted)
    labelled = [column.label(_ORDER_LABEL.format(column.key)) for column in order]
    conditions = [*where, *wanted.conditions.values()]
    descending = wanted.descending
    if cursor is not None:
        if cursor.direction == "before":
            descending = not descending
        place = order[0] if len(order) == 1 else tuple_(*order)
        limit: Any = cursor.values[0] if len(order) == 1 else tuple_(*cursor.values)
        conditions.append(place < limit if descending else place > limit)
    return (
        select(*spec.columns, *labelled)
        .where(*conditions)
        .order_by(*(column.desc() if descending else column for column in order))
        .limit(wanted.limit + 1)
    )


def facet_statement(
    spec: ListSpec, wanted: Wanted, facet: Choice, where: Sequence[ColumnElement[bool]] = ()
) -> Select[Any, int]:
    """The statement that counts by the values of one filter, under all others."""
    others = [condition for name, condition in wanted.conditions.items() if name != facet.name]
    return select(facet.column, func.count()).where(*where, *others).group_by(facet.column)


def _order(spec: ListSpec, wanted: Wanted) -> list[ColumnElement[Any]]:
    return [spec.id] if wanted.sort.column is spec.id else [wanted.sort.column, spec.id]


async def _total(
    connection: AsyncConnection, spec: ListSpec, wanted: Wanted, where: Sequence[ColumnElement[bool]]
) -> Total:
    some = select(spec.id).where(*where, *wanted.conditions.values()).limit(TOTAL_MAX + 1).subquery()
    count = (await connection.execute(select(func.count()).select_from(some))).scalar_one()
    return Total(count=min(count, TOTAL_MAX), exact=count <= TOTAL_MAX)


async def _facets(
    connection: AsyncConnection, spec: ListSpec, wanted: Wanted, where: Sequence[ColumnElement[bool]]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name in wanted.facets:
        facet = spec.facets[name]
        counted = await connection.execute(facet_statement(spec, wanted, facet, where))
        found[name] = {**dict.fromkeys(facet.values, 0), **{row[0]: row[1] for row in counted}}
    return found


def _headers(wanted: Wanted, info: PageInfo) -> dict[str, str]:
    joint = "&" if "?" in wanted.path else "?"
    links = [
        f'<{wanted.path}{joint}cursor={cursor}>; rel="{relation}"'
        for relation, cursor in (("next", info.next_cursor), ("prev", info.prev_cursor))
        if cursor is not None
    ]
    headers = {"Cache-Control": "private, no-store"}
    if links:
        headers["Link"] = ", ".join(links)
    return headers
