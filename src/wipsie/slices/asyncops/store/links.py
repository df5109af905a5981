"""Links from records to each other and to things outside the slice."""

from __future__ import annotations

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.database.metadata import metadata
from wipsie.kernel.ids import ObjectId

links_table = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("from_kind", Text, nullable=False),
    Column("from_id", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("to_kind", Text, nullable=False),
    Column("to_id", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("created_by", Text),
)
_COLUMNS = links_table.c
Index(
    "uq_links_from_id_relation_to_kind_to_id",
    _COLUMNS.from_id,
    _COLUMNS.relation,
    _COLUMNS.to_kind,
    _COLUMNS.to_id,
    unique=True,
)
Index("ix_links_to", _COLUMNS.to_kind, _COLUMNS.to_id, _COLUMNS.id)
Index("ix_links_created_by", _COLUMNS.created_by, _COLUMNS.id)

ID_PREFIX = "lnk"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """From a record to a record, or to something outside."""

    id: ObjectId
    from_kind: str
    from_id: str
    relation: str
    """As `domain.relations` has it, seen from the record it begins at."""
    to_kind: str
    to_id: str
    created_at_ms: int
    created_by: str | None


async def add_link(connection: AsyncConnection, link: Link) -> bool:
    """Write a fresh one; False when there is the same already."""
    added = insert_ignoring_conflicts(connection.dialect.name, links_table).values(msgspec.structs.asdict(link))
    return (await connection.execute(added)).rowcount == 1


async def find_link(connection: AsyncConnection, link_id: str, *, hold: bool = False) -> Link | None:
    """One link. `hold`: nobody else removes it until this transaction ends."""
    wanted = select(links_table).where(_COLUMNS.id == link_id)
    if hold:
        wanted = wanted.with_for_update()
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else Link(**row)


async def same_link(connection: AsyncConnection, link: Link) -> ObjectId | None:
    """The id of a link that says the same."""
    wanted = select(_COLUMNS.id).where(
        _COLUMNS.from_id == link.from_id,
        _COLUMNS.relation == link.relation,
        _COLUMNS.to_kind == link.to_kind,
        _COLUMNS.to_id == link.to_id,
    )
    return (await connection.execute(wanted)).scalar()


async def remove_link(connection: AsyncConnection, link_id: str) -> None:
    """Remove one."""
    await connection.execute(delete(links_table).where(_COLUMNS.id == link_id))
