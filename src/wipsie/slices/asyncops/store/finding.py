"""Finds documents by their words: the same documents in the same order on SQLite and on PostgreSQL.

The order is one of tiers, and within a tier of writing, the newest first: a record that is named, then documents with all
words in their title, then those with all words anywhere. Ranks that count words differ between databases, and a rank would
have to be computed for everything found; this order lets both databases stop after a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, column, func, not_, select, table, true, union
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import FromClause

from wipsie.database.full_text import fts5_expression, fts5_match, tsquery, vector_match, words_vector
from wipsie.slices.asyncops.store.search import search_documents_table

COUNTED_MAX = 10_000
"""Counting stops there."""
_COLUMNS = search_documents_table.c
_INDEX = table("search_index", column("rowid"))
OWNER_KIND: ColumnElement[str] = func.coalesce(_COLUMNS.parent_kind, _COLUMNS.object_kind)
OWNER_ID: ColumnElement[str] = func.coalesce(_COLUMNS.parent_id, _COLUMNS.object_id)
"""The record a document belongs to."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page ended."""

    tier: int
    document: int


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for."""

    words: Sequence[str]
    """Folded; of the last one, the beginning is enough. At least one."""
    reference: str
    """As it was written: it may be a record's number or id."""
    kinds: Sequence[str] = ()
    """Only documents of these; empty: of all."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was found."""

    place: Place
    object_id: str
    object_kind: str
    title: str
    body: str
    owner_kind: str
    owner_id: str
    updated_at_ms: int


async def find(
    connection: AsyncConnection, query: Query, seen: ColumnElement[bool], *, after: Place | None, limit: int
) -> list[Found]:
    """At most `limit` documents after a place. `seen`: the condition of documents whoever asks may see."""
    found: list[Found] = []
    for tier, (statement, order) in enumerate(page_statements(connection.dialect.name, query, seen)):
        if after is not None and tier < after.tier:
            continue
        further = true() if after is None or tier > after.tier else order < after.document
        rows = await connection.execute(statement.where(further).limit(limit - len(found)))
        found += [
            Found(place=Place(tier=tier, document=row["id"]), **{name: row[name] for name in _SHOWN})
            for row in rows.mappings()
        ]
        if len(found) == limit:
            break
    return found


_SHOWN = tuple(name for name in Found.__struct_fields__ if name != "place")


def page_statements(
    dialect: str, query: Query, seen: ColumnElement[bool]
) -> list[tuple[Select[*tuple[Any, ...]], ColumnElement[int]]]:
    """For each tier its statement, and the column it is ordered by, the largest first; a document is in one of them."""
    names = sorted({query.reference, query.reference.upper(), query.reference.lower()})
    # As a list of numbers: of a condition with OR, SQLite would make a walk over all documents in their order.
    named = _COLUMNS.id.in_(
        union(
            select(_COLUMNS.id).where(_COLUMNS.reference.in_(names)),
            select(_COLUMNS.id).where(_COLUMNS.object_id.in_(names)),
        )
    )
    rest = and_(_COLUMNS.reference.not_in(names), _COLUMNS.object_id.not_in(names))
    conditions = [seen, *([_COLUMNS.object_kind.in_(query.kinds)] if query.kinds else [])]
    wanted = select(
        _COLUMNS.id,
        _COLUMNS.object_id,
        _COLUMNS.object_kind,
        _COLUMNS.title,
        _COLUMNS.body,
        OWNER_KIND.label("owner_kind"),
        OWNER_ID.label("owner_id"),
        _COLUMNS.updated_at_ms,
    ).where(*conditions)
    found: list[tuple[Select[*tuple[Any, ...]], ColumnElement[int]]] = [
        (wanted.where(named).order_by(_COLUMNS.id.desc()), _COLUMNS.id)
    ]
    for place in ("title", "elsewhere"):
        source, match, order = _matching(dialect, query.words, place)
        found.append((wanted.select_from(source).where(match, rest).order_by(order.desc()), order))
    return found


async def count_by_kind(connection: AsyncConnection, query: Query, seen: ColumnElement[bool]) -> dict[str, int]:
    """How many documents of each kind are found; of the newest `COUNTED_MAX` and one."""
    statement = count_statement(connection.dialect.name, query, seen)
    return {row[0]: row[1] for row in await connection.execute(statement)}


def count_statement(dialect: str, query: Query, seen: ColumnElement[bool]) -> Select[Any, int]:
    """The statement that counts."""
    source, match, order = _matching(dialect, query.words, "anywhere")
    conditions = [match, seen, *([_COLUMNS.object_kind.in_(query.kinds)] if query.kinds else [])]
    some = (
        select(_COLUMNS.object_kind)
        .select_from(source)
        .where(*conditions)
        .order_by(order.desc())
        .limit(COUNTED_MAX + 1)
        .subquery()
    )
    return select(some.c.object_kind, func.count()).group_by(some.c.object_kind)


def _matching(
    dialect: str, words: Sequence[str], place: str
) -> tuple[FromClause, ColumnElement[bool], ColumnElement[Any]]:
    """Where to select from, the condition, and what is ordered by: documents with all words in the title, elsewhere
    (anywhere, but not all of them in the title), or anywhere."""
    if dialect == "postgresql":
        return search_documents_table, _on_postgresql(words, place), _COLUMNS.id
    joined = _INDEX.join(search_documents_table, _COLUMNS.id == _INDEX.c.rowid)
    # The number of the index, not of the table: FTS5 reads from its end, and stops when a page is full.
    return joined, fts5_match(_INDEX.name, fts5_query(words, place)), _INDEX.c.rowid


def fts5_query(words: Sequence[str], place: str) -> str:
    """What FTS5 looks for at one of the places `_matching` names."""
    everywhere, in_title = fts5_expression(words), fts5_expression(words, columns=[_COLUMNS.title_words.name])
    return {"title": in_title, "elsewhere": f"({everywhere}) NOT ({in_title})", "anywhere": everywhere}[place]


def _on_postgresql(words: Sequence[str], place: str) -> ColumnElement[bool]:
    wanted, title = tsquery(words), words_vector(_COLUMNS.title_words)
    in_title = vector_match(title, wanted)
    # As the migration writes the index, or it is not used.
    anywhere = vector_match(title.op("||")(words_vector(_COLUMNS.body_words)), wanted)
    conditions: Mapping[str, ColumnElement[bool]] = {
        "title": in_title,
        "elsewhere": and_(anywhere, not_(in_title)),
        "anywhere": anywhere,
    }
    return conditions[place]
