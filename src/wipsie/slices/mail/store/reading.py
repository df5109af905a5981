"""Reads single mails of the index, with all that hangs on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, RowMapping, Select, Table, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.errors import NotFound
from wipsie.slices.mail.store.addresses import is_address
from wipsie.slices.mail.store.tables import (
    arrivals_table,
    attachments_table,
    mails_table,
    recipients_table,
    tags_table,
    words_table,
)

_MAILS = mails_table.c
_ID = re.compile(r"mail_[0-9a-f]{1,64}")
ARRIVALS_MAX = 1_000
"""Copies that are shown of one mail; all are counted."""


async def get(connection: AsyncConnection, mail_id: str) -> RowMapping:
    """The row of a mail, by its id. NotFound."""
    # What no id is, no database need be asked for: not all take every character.
    known = select(mails_table).where(_MAILS.id == mail_id) if _ID.fullmatch(mail_id) else None
    row = None if known is None else (await connection.execute(known)).mappings().one_or_none()
    if row is None:
        raise no_such_mail(mail_id)
    return row


async def mails_of(connection: AsyncConnection, address: str) -> tuple[list[int], list[int]]:
    """The numbers of mails from and to an address, or with @ in front a domain, also of those only the mail server knew it of:
    (those that may be erased, those that are held), in order."""
    wanted = address.strip().casefold()
    if not wanted:
        # A bounce is from nobody.
        return [], []
    found = union(
        select(_MAILS.number).where(is_address(_MAILS.sender_address, wanted)),
        select(recipients_table.c.mail).where(is_address(recipients_table.c.address, wanted)),
        select(arrivals_table.c.mail).where(is_address(func.lower(arrivals_table.c.sender), wanted)),
    )
    rows = await connection.execute(
        select(_MAILS.number, _MAILS.held_by).where(_MAILS.number.in_(found)).order_by(_MAILS.number)
    )
    free: list[int] = []
    held: list[int] = []
    for number, held_by in rows:
        (free if held_by is None else held).append(number)
    return free, held


async def has_mails(connection: AsyncConnection) -> bool:
    """Whether there is one at all."""
    return (await connection.execute(select(_MAILS.number).limit(1))).first() is not None


def no_such_mail(mail_id: str) -> NotFound:
    """The refusal of an id that no mail has."""
    return NotFound("There is no such mail; it may have been erased.", details={"mail_id": mail_id[:100]})


async def recipients_of(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, list[RowMapping]]:
    """By mail, in the order of the mail."""
    return await _by_mail(connection, recipients_table, recipients_table.c.position, numbers)


async def attachments_of(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, list[RowMapping]]:
    """By mail, in the order of the mail."""
    return await _by_mail(connection, attachments_table, attachments_table.c.number, numbers)


async def tags_of(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, list[str]]:
    """By mail, in alphabetical order."""
    found = await _by_mail(connection, tags_table, tags_table.c.tag, numbers)
    return {mail: [row["tag"] for row in rows] for mail, rows in found.items()}


async def arrivals_of(connection: AsyncConnection, number: int) -> Sequence[RowMapping]:
    """The first `ARRIVALS_MAX` copies of a mail, the oldest first."""
    columns = arrivals_table.c
    wanted: Select[Any] = (
        select(arrivals_table)
        .where(columns.mail == number)
        .order_by(columns.received_at_ms, columns.message_id)
        .limit(ARRIVALS_MAX)
    )
    return (await connection.execute(wanted)).mappings().all()


async def texts_of(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, str]:
    """The beginning of the text of each mail."""
    wanted = select(words_table.c.number, words_table.c.text).where(words_table.c.number.in_(numbers))
    return {row[0]: row[1] for row in await connection.execute(wanted)}


async def _by_mail(
    connection: AsyncConnection, table: Table, order: Column[Any], numbers: Sequence[int]
) -> dict[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = {}
    wanted = select(table).where(table.c.mail.in_(numbers)).order_by(table.c.mail, order)
    for row in (await connection.execute(wanted)).mappings():
        found.setdefault(row["mail"], []).append(row)
    return found
