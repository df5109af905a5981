"""Somebody who was here for long is told of all their mails, as anybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wipsie.database.bulk import bulk_insert
from wipsie.slices.mail.personal_data import MailData
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.store.tables import mails_table

if TYPE_CHECKING:
    from conftest import MailOffice

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
MANY = 33_000
"""More than a statement takes parameters."""


@DATABASES
async def test_more_mails_than_a_statement_takes_are_all_told(mail_office: MailOffice) -> None:
    text = dict.fromkeys(("subject", "sender", "preview", "sha256", "verdicts"), "x")
    counts = dict.fromkeys(("timestamp_s", "size", "defects", "attachments", "copies", "indexed_at_ms"), 0)
    rows = [
        {
            "number": one,
            "id": f"mail_{one:x}",
            "object_key": str(one),
            "sender_address": "bob@example.org",
            **text,
            **counts,
        }
        for one in range(MANY)
    ]
    parts = mail_office.parts
    async with parts.database.begin() as connection:
        await bulk_insert(connection, mails_table, rows)
    data = MailData(MailEraser(parts.database, mail_office.blobs, parts.clock, Retention()))
    async with parts.database.read() as connection:
        export = await data.export(connection, mail_office.office["bob"].user_id)
    assert [one["id"] for one in export["mails"]] == [row["id"] for row in rows]
