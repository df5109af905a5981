"""Writes the index anew from documents: what is missing is added, what differs is written again, and what people put beside it
(tags, holds) and how and when mails came stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.mail.store.census import IndexedDocument
from wipsie.slices.mail.store.entries import Arrival, Entry
from wipsie.slices.mail.store.index import add, lock, remove, rewrite
from wipsie.slices.mail.store.tables import (
    arrivals_table,
    attachments_table,
    mails_table,
    recipients_table,
    tags_table,
    words_table,
)

Renewed = Literal["added", "renewed", "unchanged", "leaving"]
"""Leaving: it was erased itself, and its document is about to go."""
_MAILS = mails_table.c


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves the index with mails that have no document to come back from."""

    mails: int = 0
    arrivals: int = 0
    tags: int = 0

    def __add__(self, other: Losses) -> Losses:
        return Losses(
            mails=self.mails + other.mails, arrivals=self.arrivals + other.arrivals, tags=self.tags + other.tags
        )


async def renew(
    connection: AsyncConnection, items: Sequence[tuple[Entry, Arrival]], *, now_ms: int, anew: bool = False
) -> dict[str, Renewed]:
    """Have these mails in the index as their documents say; what became of each, by key. The arrival is for a mail that the
    index did not know. `anew`: also what seems right is written again."""
    keys = [entry.name.key for entry, _ in items]
    await lock(connection, keys)
    rows = await connection.execute(select(mails_table).where(_MAILS.object_key.in_(keys)))
    known: dict[str, Mapping[Any, Any]] = {row["object_key"]: row for row in rows.mappings()}
    numbers = [row["number"] for row in known.values()]
    recipients = await _beside(connection, recipients_table, recipients_table.c.mail, numbers)
    attachments = await _beside(connection, attachments_table, attachments_table.c.mail, numbers)
    words = await _beside(connection, words_table, words_table.c.number, numbers)
    done: dict[str, Renewed] = {}
    for entry, _ in items:
        row = known.get(entry.name.key)
        if row is None:
            continue
        number = row["number"]
        same = all(row[name] == value for name, value in entry.mail.items())
        if (
            not anew
            and same
            # Behind them stand those whom copies were for.
            and recipients.get(number, [])[: len(entry.recipients)] == _sorted(entry.recipients)
            and attachments.get(number, []) == _sorted(entry.attachments)
            and words.get(number, []) == [entry.words]
        ):
            done[entry.name.key] = "unchanged"
            continue
        await rewrite(connection, number, entry)
        done[entry.name.key] = "renewed"
    missing = [(entry, arrival) for entry, arrival in items if entry.name.key not in known]
    added = await add(connection, missing, now_ms=now_ms)
    for (entry, _), one in zip(missing, added, strict=True):
        done[entry.name.key] = "leaving" if one is None else "added"
    return done


async def losses(connection: AsyncConnection, documents: Sequence[IndexedDocument]) -> Losses:
    """What `forget` would remove."""
    return await _losses(connection, await _may_go(connection, documents))


async def forget(connection: AsyncConnection, documents: Sequence[IndexedDocument]) -> Losses:
    """Remove mails whose documents are gone; what went with them. One that is held stays, and one that was archived again since
    it was looked at."""
    await lock(connection, [one.key for one in documents])
    numbers = await _may_go(connection, documents)
    lost = await _losses(connection, numbers)
    await remove(connection, numbers)
    return lost


async def _may_go(connection: AsyncConnection, documents: Sequence[IndexedDocument]) -> list[int]:
    looked_at = set(documents)
    rows = await connection.execute(
        select(_MAILS.number, _MAILS.object_key, _MAILS.indexed_at_ms).where(
            _MAILS.number.in_([one.number for one in documents]), _MAILS.held_by.is_(None)
        )
    )
    return [row[0] for row in rows if IndexedDocument(row[0], row[1], row[2]) in looked_at]


async def _losses(connection: AsyncConnection, numbers: Sequence[int]) -> Losses:
    counts: list[int] = []
    for table in (arrivals_table, tags_table):
        wanted = select(func.count()).select_from(table).where(table.c.mail.in_(numbers))
        counts.append((await connection.execute(wanted)).scalar_one())
    return Losses(mails=len(numbers), arrivals=counts[0], tags=counts[1])


async def forget_orphans(connection: AsyncConnection) -> None:
    """Remove rows that hang on no mail: none should be there, and one would stand in the way of a mail."""
    mails = select(_MAILS.number)
    for table in (recipients_table, attachments_table, arrivals_table, tags_table):
        await connection.execute(delete(table).where(table.c.mail.not_in(mails)))
    await connection.execute(delete(words_table).where(words_table.c.number.not_in(mails)))


async def _beside(
    connection: AsyncConnection, table: Table, mail: ColumnElement[int], numbers: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """The rows of some mails, without their mail's number, by it."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in (await connection.execute(select(table).where(mail.in_(numbers)))).mappings():
        values = {str(name): value for name, value in row.items()}
        # Where the number is the mail's, not one within it, it is the whole key.
        number = values.pop("mail") if "mail" in values else values.pop("number")
        found.setdefault(number, []).append(values)
    return {number: _sorted(rows) for number, rows in found.items()}


def _sorted(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row.get("position") or row.get("number") or 0)
