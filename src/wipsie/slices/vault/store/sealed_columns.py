"""All columns of the vault that are sealed, for those who look at every one of them: rotation, and verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, and_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.slices.vault.store.columns import reseal_column
from wipsie.slices.vault.store.tables import (
    accesses_table,
    consents_table,
    conversations_table,
    deliveries_table,
    files_table,
    identities_table,
    inbox_table,
    reports_table,
)

_KEY_ID_FROM = 2
_KEY_ID_BYTES = 8


class SealedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column whose values are sealed."""

    column: Column[Any]
    order: tuple[Column[Any], ...]
    """What names a row, and in what order rows are gone through."""
    row_id: Callable[[Any], str]
    """Of a row with `order` and `named_by`: what its value is bound to."""
    named_by: tuple[Column[Any], ...] = ()

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.column.table.name}.{self.column.name}"


class SealedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A value, and where it stands."""

    row_id: str
    at: tuple[Any, ...]
    sealed: bytes


_INBOX, _CONSENTS = inbox_table.c, consents_table.c
SEALED_COLUMNS: tuple[SealedColumn, ...] = (
    *(
        SealedColumn(column=column, order=(column.table.c.id,), row_id=lambda row: str(row.id))
        for column in (
            identities_table.c.details,
            files_table.c.details,
            files_table.c.reading,
            reports_table.c.details,
            accesses_table.c.reason,
            deliveries_table.c.body,
        )
    ),
    SealedColumn(
        column=conversations_table.c.body, order=(conversations_table.c.owner,), row_id=lambda row: str(row.owner)
    ),
    SealedColumn(
        column=_CONSENTS.message,
        order=(_CONSENTS.owner, _CONSENTS.given_at_ms),
        row_id=lambda row: f"{row.owner}/{row.given_at_ms}",
    ),
    SealedColumn(
        column=_INBOX.body,
        order=(_INBOX.number,),
        named_by=(_INBOX.phone_number_id, _INBOX.message_token),
        row_id=lambda row: f"{row.phone_number_id}/{row.message_token}",
    ),
)


async def sealed_rows(
    connection: AsyncConnection,
    one: SealedColumn,
    *,
    count_max: int,
    after: Sequence[Any] | None = None,
    other_than: str | None = None,
) -> list[SealedRow]:
    """The next values of a column; `after` what `SealedRow.at` was of the last one. `other_than`: only those that another key than this
    sealed."""
    wanted = select(one.column.label("sealed"), *one.order, *one.named_by)
    # What is erased is empty where it cannot be NULL.
    wanted = wanted.where(one.column.is_not(None), func.length(one.column) > 0)
    if other_than is not None:
        wanted = wanted.where(func.substr(one.column, _KEY_ID_FROM, _KEY_ID_BYTES) != bytes.fromhex(other_than))
    if after is not None:
        wanted = wanted.where(tuple_(*one.order) > tuple_(*after))
    found = await connection.execute(wanted.order_by(*one.order).limit(count_max))
    return [
        SealedRow(
            row_id=one.row_id(row),
            at=tuple(getattr(row, column.name) for column in one.order),
            sealed=bytes(row.sealed),
        )
        for row in found
    ]


async def reseal_row(connection: AsyncConnection, ring: KeyRing, one: SealedColumn, row: SealedRow) -> bool:
    """Seal a value with the key in use, unless somebody changed it since it was read: then it is theirs, and newer. SealBroken,
    KeyMissing."""
    resealed = reseal_column(ring, row.sealed, one.column, row.row_id)
    changed = await connection.execute(
        update(one.column.table)
        .where(
            and_(*(column == value for column, value in zip(one.order, row.at, strict=True))), one.column == row.sealed
        )
        .values({one.column: resealed})
    )
    return changed.rowcount > 0
