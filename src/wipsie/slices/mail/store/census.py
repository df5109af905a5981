"""Reads the index in pages, in the order of its keys, to compare it with the objects."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.mail.store.tables import arrivals_table, attachments_table, mails_table

_MAILS = mails_table.c
_ATTACHMENTS = attachments_table.c
_ARRIVALS = arrivals_table.c


class KnownDocument(msgspec.Struct, frozen=True):
    """What the index says of a document."""

    sha256: str
    size: int


class IndexedDocument(msgspec.Struct, frozen=True):
    """A mail of the index, as it was looked at."""

    number: int
    key: str
    """Of its document."""
    indexed_at_ms: int


class KnownFile(msgspec.Struct, frozen=True):
    """What the index says of an original or an attachment."""

    sha256: str
    size: int
    mails: int
    """That have it."""
    mail_key: str
    """One of them."""


async def count_mails(connection: AsyncConnection) -> int:
    """How many mails there are."""
    return (await connection.execute(select(func.count()).select_from(mails_table))).scalar_one()


async def count_between(connection: AsyncConnection, after: int, last: int) -> int:
    """How many have numbers after `after`, up to `last`."""
    wanted = select(func.count()).select_from(mails_table).where(_MAILS.number > after, _MAILS.number <= last)
    return (await connection.execute(wanted)).scalar_one()


async def known_documents(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, KnownDocument]:
    """Those of these keys that the index has."""
    rows = await connection.execute(
        select(_MAILS.object_key, _MAILS.sha256, _MAILS.size).where(_MAILS.object_key.in_(keys))
    )
    return {row[0]: KnownDocument(row[1], row[2]) for row in rows}


async def next_timestamp_s(connection: AsyncConnection, after: int) -> int | None:
    """The timestamp of the first mail whose number is after this one."""
    wanted = select(_MAILS.timestamp_s).where(_MAILS.number > after).order_by(_MAILS.number).limit(1)
    return (await connection.execute(wanted)).scalar_one_or_none()


async def page_of_documents(connection: AsyncConnection, after: int, last: int, limit: int) -> list[IndexedDocument]:
    """Mails whose numbers are after `after`, up to `last`, in order."""
    rows = await connection.execute(
        select(_MAILS.number, _MAILS.object_key, _MAILS.indexed_at_ms)
        .where(_MAILS.number > after, _MAILS.number <= last)
        .order_by(_MAILS.number)
        .limit(limit)
    )
    return [IndexedDocument(row[0], row[1], row[2]) for row in rows]


async def page_of_originals(connection: AsyncConnection, first: str, end: str, limit: int) -> list[KnownFile]:
    """Originals whose digests are after `first` and before `end`, in order: those of mails, and of copies that came otherwise."""
    known = union(
        select(_MAILS.raw_sha256.label("sha256"), _MAILS.raw_size.label("size"), _MAILS.object_key.label("key")).where(
            _MAILS.raw_sha256 > first, _MAILS.raw_sha256 < end
        ),
        select(_ARRIVALS.raw_sha256, _ARRIVALS.raw_size, _MAILS.object_key)
        .join(mails_table, _MAILS.number == _ARRIVALS.mail)
        .where(_ARRIVALS.raw_sha256 > first, _ARRIVALS.raw_sha256 < end),
    ).subquery()
    rows = await connection.execute(
        select(known.c.sha256, func.min(known.c.size), func.count(), func.min(known.c.key))
        .group_by(known.c.sha256)
        .order_by(known.c.sha256)
        .limit(limit)
    )
    return [KnownFile(row[0], row[1], row[2], row[3]) for row in rows]


async def page_of_attachments(connection: AsyncConnection, first: str, end: str, limit: int) -> list[KnownFile]:
    """The same of attachments."""
    digest = _ATTACHMENTS.sha256
    rows = await connection.execute(
        select(digest, func.min(_ATTACHMENTS.size), func.count(), func.min(_MAILS.object_key))
        .join(mails_table, _MAILS.number == _ATTACHMENTS.mail)
        .where(digest > first, digest < end)
        .group_by(digest)
        .order_by(digest)
        .limit(limit)
    )
    return [KnownFile(row[0], row[1], row[2], row[3]) for row in rows]


async def keys_with_attachment(connection: AsyncConnection, sha256: str, limit: int) -> list[str]:
    """Documents of mails that have an attachment."""
    rows = await connection.execute(
        select(_MAILS.object_key)
        .join(attachments_table, _MAILS.number == _ATTACHMENTS.mail)
        .where(_ATTACHMENTS.sha256 == sha256)
        .order_by(_MAILS.number)
        .limit(limit)
    )
    return [row[0] for row in rows]
