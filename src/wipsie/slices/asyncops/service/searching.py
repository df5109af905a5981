"""Searches in everything the reader may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists import Page, PageInfo, Total
from wipsie.auth.principal import Principal
from wipsie.kernel.clock import iso_utc_ms
from wipsie.kernel.text_snippets import marked, snippet
from wipsie.slices.asyncops.schemas.search import SearchHit
from wipsie.slices.asyncops.service.links import linked
from wipsie.slices.asyncops.store.finding import (
    COUNTED_MAX,
    OWNER_ID,
    OWNER_KIND,
    Found,
    Place,
    Query,
    count_by_kind,
    find,
)
from wipsie.slices.asyncops.store.search import PARTS, search_documents_table
from wipsie.slices.asyncops.subjects import Subjects


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What a search is asked for."""

    query: Query | None
    """None: there was no word in it, and nothing is found."""
    after: Place | None
    limit: int
    with_total: bool
    with_facets: bool


class Searcher:
    """Searches for people."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can be found."""
        return (*self._subjects.names, *PARTS)

    async def page(
        self, connection: AsyncConnection, principal: Principal, searched: Searched
    ) -> tuple[Page[SearchHit], Place | None]:
        """One page without its cursor, and the place where it ended when there is more."""
        query, limit = searched.query, searched.limit
        seen = self.seen(principal)
        found: list[Found] = []
        if query is not None:
            found = await find(connection, query, seen, after=searched.after, limit=limit + 1)
        hits = await self._hits(connection, found[:limit], () if query is None else query.words)
        facet = await self._facet(connection, query, seen) if searched.with_facets else None
        page = Page[SearchHit](
            data=hits,
            page=PageInfo(next_cursor=None, prev_cursor=None, has_more=len(found) > limit),
            total=await self._total(connection, query, seen, len(hits), facet) if searched.with_total else UNSET,
            facets=UNSET if facet is None else {"kind": facet},
        )
        return page, found[limit - 1].place if len(found) > limit else None

    def seen(self, principal: Principal) -> ColumnElement[bool]:
        """The condition of documents somebody may see."""
        columns = search_documents_table.c
        return and_(
            OWNER_KIND.in_(self._subjects.readable(principal)),
            # Most are not restricted, and cost no look at their records.
            or_(columns.restricted.is_(False), self._subjects.visible(principal, OWNER_KIND, OWNER_ID)),
        )

    async def _hits(self, connection: AsyncConnection, found: Sequence[Found], words: Sequence[str]) -> list[SearchHit]:
        records = await linked(connection, [(one.owner_kind, one.owner_id) for one in found])
        return [
            SearchHit(
                kind=one.object_kind,
                id=one.object_id,
                record=records[one.owner_kind, one.owner_id],
                title=marked(records[one.owner_kind, one.owner_id].title, words),
                snippet=snippet(one.body, words),
                updated_at=iso_utc_ms(one.updated_at_ms),
            )
            for one in found
        ]

    async def _total(
        self,
        connection: AsyncConnection,
        query: Query | None,
        seen: ColumnElement[bool],
        shown: int,
        facet: Mapping[str, int] | None,
    ) -> Total:
        counted: Mapping[str, int] = {}
        if query is not None:
            # Of all kinds: that was counted for the facet.
            known = None if query.kinds else facet
            counted = await count_by_kind(connection, query, seen) if known is None else known
        # What is named by its id is not found by words.
        count = max(sum(counted.values()), shown)
        return Total(count=min(count, COUNTED_MAX), exact=count <= COUNTED_MAX)

    async def _facet(
        self, connection: AsyncConnection, query: Query | None, seen: ColumnElement[bool]
    ) -> dict[str, int]:
        counted: dict[str, int] = {}
        if query is not None:
            counted = await count_by_kind(connection, msgspec.structs.replace(query, kinds=()), seen)
        return {**dict.fromkeys(self.kinds, 0), **counted}
