"""What mail holds of a person: the mails from and to their address, and rules and tags that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.personal_text import person_named
from wipsie.kernel.clock import iso_utc
from wipsie.slices.mail.service.erasing import ROWS_MAX, MailEraser
from wipsie.slices.mail.store.portions import portions
from wipsie.slices.mail.store.reading import mails_of
from wipsie.slices.mail.store.rules import hits_table, mail_rules_table
from wipsie.slices.mail.store.tables import mails_table, tags_table

_MAILS = mails_table.c
TEXTS: Mapping[Table, Sequence[str]] = {
    mail_rules_table: ("name", "body"),
    hits_table: ("actions",),
}
TAGS: Mapping[Table, Sequence[str]] = {tags_table: ("tag",)}
ABOUT = "Mails from and to the address of the account. Mails that only speak of a person are found by searching for the name."


class MailData:
    """A `PersonalData` of the slice."""

    def __init__(self, eraser: MailEraser) -> None:
        self._eraser = eraser

    async def export(self, connection: AsyncConnection, user_id: str) -> dict[str, Any]:
        """Which mails there are (each is read, and its files downloaded, by its id), and what else names the person."""
        person = await person_named(connection, user_id)
        if person is None:
            return {}
        found: dict[str, Any] = {}
        free, held = await mails_of(connection, person.email)
        mails: list[dict[str, str]] = []
        told = select(_MAILS.id, _MAILS.timestamp_s, _MAILS.sender, _MAILS.subject).order_by(_MAILS.number)
        for numbers in portions(sorted([*free, *held])):
            mails += [
                {"id": row.id, "sent_at": iso_utc(row.timestamp_s), "sender": row.sender, "subject": row.subject}
                for row in await connection.execute(told.where(_MAILS.number.in_(numbers)))
            ]
        if mails:
            found = {"about": ABOUT, "mails": mails}
        for table, columns in {**TEXTS, **TAGS}.items():
            if named := await person.rows(connection, table, columns):
                found[table.name] = [dict(row) for row in named]
        return found

    async def erase(self, connection: AsyncConnection, user_id: str, *, now_ms: int) -> dict[str, int]:
        """Those mails leave the index in this commit, and the archive soon after; those that are held stay. Rules and tags stay,
        without the name and address."""
        del now_ms
        person = await person_named(connection, user_id)
        if person is None:
            return {}
        numbers, _ = await mails_of(connection, person.email)
        for some in portions(numbers, ROWS_MAX):
            await self._eraser.erase_rows(connection, some)
        counts = {"mails": len(numbers), tags_table.name: 0}
        # A tag without its name would be no tag.
        for row in await person.rows(connection, tags_table, ["tag"]):
            await connection.execute(
                delete(tags_table).where(tags_table.c.mail == row["mail"], tags_table.c.tag == row["tag"])
            )
            counts[tags_table.name] += 1
        for table, columns in TEXTS.items():
            counts[table.name] = await person.take_out(connection, table, columns)
        return {name: count for name, count in counts.items() if count}
