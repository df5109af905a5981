"""Records people work with: one table for each kind, a version on each row, a number for people where the kind has one."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import BigInteger, Column, ColumnElement, Integer, RowMapping, Table, Text, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.database.inserts import conflict_insert
from wipsie.database.metadata import metadata
from wipsie.kernel.errors import InternalError, NotFound
from wipsie.kernel.ids import ObjectId
from wipsie.slices.asyncops.kinds import Kind

REFERENCE_CHARACTERS_MAX = 60

object_numbers_table = Table(
    "object_numbers",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)


def record_columns() -> list[Column[Any]]:
    """The columns every table of records begins with."""
    return [
        Column("id", Text, primary_key=True),
        Column("created_at_ms", BigInteger, nullable=False),
        Column("created_by", Text),
        Column("updated_at_ms", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
    ]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What every record has. Subclasses have one field for each further column of their table."""

    id: ObjectId
    created_at_ms: int
    created_by: str | None
    """User id; None for what Wipsie made itself, for example of a message."""
    updated_at_ms: int
    version: int
    """Grows by one with each change; the ETag."""


class NumberedRecord(Record, frozen=True, kw_only=True):
    """One that people call by a number."""

    number: int
    """1, 2, 3 … within its kind, in the order of making."""


RecordT = TypeVar("RecordT", bound=Record)


class RecordTable(Generic[RecordT]):
    """Rows of one kind, as records."""

    def __init__(self, kind: Kind, table: Table, record: type[RecordT]) -> None:
        """The columns of `table` are the fields of `record`."""
        self.kind = kind
        self.table = table
        self._record = record

    def of_row(self, row: RowMapping) -> RecordT:
        """A row as a record; further columns of the row are left out."""
        return self._record(**{column.key: row[column.key] for column in self.table.columns})

    def visible_to(self, principal: Principal) -> ColumnElement[bool]:
        """The condition of the rows somebody may read, once the permission to read this kind is checked. All, unless a kind
        says otherwise."""
        del principal
        return true()

    def hidden_from(self, principal: Principal) -> ColumnElement[bool]:
        """The condition of the rows somebody may not read: exactly those that `visible_to` leaves out."""
        return self.visible_to(principal).is_not(true())

    async def insert(self, connection: AsyncConnection, record: RecordT) -> None:
        """Write a fresh record."""
        await connection.execute(
            insert(self.table).values({name: getattr(record, name) for name in record.__struct_fields__})
        )

    async def find(
        self, connection: AsyncConnection, reference: str, principal: Principal | None = None, *, hold: bool = False
    ) -> RecordT | None:
        """The record of an id or number (``INC-42``). With `principal`, only if they may see it. `hold`: nobody else changes
        it until this transaction ends."""
        number = self.kind.number_in(reference)
        columns = self.table.c
        condition = columns.id == reference if number is None else columns.number == number
        wanted = select(self.table).where(condition)
        if principal is not None:
            wanted = wanted.where(self.visible_to(principal))
        if hold:
            wanted = wanted.with_for_update()
        row = (await connection.execute(wanted)).mappings().one_or_none()
        return None if row is None else self.of_row(row)

    async def get(
        self, connection: AsyncConnection, reference: str, principal: Principal | None = None, *, hold: bool = False
    ) -> RecordT:
        """`find`, or NotFound; one that may not be seen is not there."""
        found = None
        if len(reference) <= REFERENCE_CHARACTERS_MAX and reference.isprintable():
            found = await self.find(connection, reference, principal, hold=hold)
        if found is None:
            raise not_found(self.kind, reference)
        return found

    async def update(
        self, connection: AsyncConnection, before: RecordT, now_ms: int, changes: dict[str, Any]
    ) -> RecordT:
        """Write `changes` over `before`, which this transaction holds, as its next version."""
        after = msgspec.structs.replace(before, **changes, updated_at_ms=now_ms, version=before.version + 1)
        written = await connection.execute(
            update(self.table)
            .where(self.table.c.id == before.id, self.table.c.version == before.version)
            .values(**changes, updated_at_ms=after.updated_at_ms, version=after.version)
        )
        if written.rowcount != 1:
            raise InternalError(f"A {self.kind.name} changed while it was held; report this.")
        return after


async def next_number(connection: AsyncConnection, kind: Kind) -> int:
    """The next number of a kind: given with the commit of this transaction, without gaps and never twice."""
    insertion = conflict_insert(connection.dialect.name, object_numbers_table).values(kind=kind.name, last=1)
    given = insertion.on_conflict_do_update(
        index_elements=["kind"], set_={"last": object_numbers_table.c.last + 1}
    ).returning(object_numbers_table.c.last)
    return (await connection.execute(given)).scalar_one()


async def hold_numbers(connection: AsyncConnection, kind: Kind) -> None:
    """Let nobody else take a number of this kind until this transaction ends, and take none: what is looked up after it and
    not found is not added by somebody else meanwhile."""
    insertion = conflict_insert(connection.dialect.name, object_numbers_table).values(kind=kind.name, last=0)
    held = insertion.on_conflict_do_update(index_elements=["kind"], set_={"last": object_numbers_table.c.last})
    await connection.execute(held)


def not_found(kind: Kind, reference: str) -> NotFound:
    """What is told of a record that is not there, or not for whoever asks."""
    example = f"{kind.number_prefix}-1 or {kind.id_prefix}_…" if kind.number_prefix else f"{kind.id_prefix}_…"
    return NotFound(
        f"There is no {kind.title.lower()} '{reference[:REFERENCE_CHARACTERS_MAX]}'; ids look like {example}.",
        details={"kind": kind.name, "reference": reference[:REFERENCE_CHARACTERS_MAX]},
    )
