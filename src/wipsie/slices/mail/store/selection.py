"""Picks mails out of the index, oldest first, in pages, so that any number of them can be gone through."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, or_, select

from wipsie.database import Database
from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX, number_from
from wipsie.slices.mail.store.addresses import is_address
from wipsie.slices.mail.store.tables import mails_table

_PAGE = 500
_MAILS = mails_table.c


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which mails."""

    from_s: int = 0
    """Unix seconds; mails of this second are in."""
    until_s: int = TIMESTAMP_S_MAX + 1
    """Those of this one are not."""
    sender: str = ""
    """An address, a sender as it is shown, or ``@example.org`` for all addresses there and below. Empty: anybody."""


class SelectedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, as far as a selection tells."""

    id: str
    key: str
    timestamp_s: int
    sender_address: str | None
    size: int
    """Of the document, in bytes."""
    raw_sha256: str | None
    """None for a letter: it has no original."""
    raw_size: int | None


async def select_mails(database: Database, selection: Selection) -> AsyncGenerator[SelectedMail]:
    """The mails, by number. No transaction stays open between two pages: what is added meanwhile may or may not be among
    them. StorageUnavailable."""
    # The numbers before each border: the largest of all is the largest a database has.
    after, last = (
        number_from(min(max(0, second), TIMESTAMP_S_MAX + 1)) - 1 for second in (selection.from_s, selection.until_s)
    )
    columns = (
        _MAILS.number,
        _MAILS.id,
        _MAILS.object_key,
        _MAILS.timestamp_s,
        _MAILS.sender_address,
        _MAILS.size,
        _MAILS.raw_sha256,
        _MAILS.raw_size,
    )
    while True:
        async with database.read() as connection:
            wanted = select(*columns).where(_MAILS.number > after, _MAILS.number <= last, *_of_sender(selection.sender))
            rows = (await connection.execute(wanted.order_by(_MAILS.number).limit(_PAGE))).all()
        for number, mail_id, key, timestamp_s, sender_address, size, raw_sha256, raw_size in rows:
            after = number
            yield SelectedMail(
                id=mail_id,
                key=key,
                timestamp_s=timestamp_s,
                sender_address=sender_address,
                size=size,
                raw_sha256=raw_sha256,
                raw_size=raw_size,
            )
        if len(rows) < _PAGE:
            return


def _of_sender(sender: str) -> list[ColumnElement[Any]]:
    if not sender:
        return []
    if sender.startswith("@"):
        return [is_address(_MAILS.sender_address, sender)]
    return [or_(is_address(_MAILS.sender_address, sender), _MAILS.sender == sender)]
