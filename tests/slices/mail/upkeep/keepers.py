"""Short words for what the tests do with an archive, and mails to do it with."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.gateways.buckets import MailBuckets
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.archive import MailArchive
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.service.importing import ImportReport, IntoArchive, IntoQueue, MailImport
from wipsie.slices.mail.service.importing.from_lines import from_line
from wipsie.slices.mail.service.index_writer import IndexWriter
from wipsie.slices.mail.service.reindexing import MailReindex, ReindexReport
from wipsie.slices.mail.service.verifying import MailVerify, VerifyReport
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store import index
from wipsie.slices.mail.store.tables import (
    arrivals_table,
    attachments_table,
    mails_table,
    recipients_table,
    words_table,
)
from wipsie.telemetry.metrics import Metrics

LETTER = Letter(subject="Happy new year!", sender="John doe", timestamp_s=1693561101, content="Just want to say it.")
TABLES = (mails_table, recipients_table, attachments_table, words_table, arrivals_table)


def mail(number: int, *, attachment: bytes | None = None, body: str = "Hello.", date: str | None = None) -> bytes:
    """A mail, told from others by its number."""
    day = 1 + number % 28
    lines = [
        f"From: Ann {number} <ann{number}@example.org>",
        "To: bob@example.org",
        f"Date: {f'{day:02d} Sep 2023 11:38:21 +0000' if date is None else date}",
        f"Message-ID: <{number}@example.org>",
        f"Subject: Report {number}",
        "MIME-Version: 1.0",
    ]
    if attachment is None:
        lines += ["", body]
    else:
        lines += [
            "Content-Type: multipart/mixed; boundary=x",
            "",
            "--x",
            "",
            body,
            "--x",
            "Content-Type: application/octet-stream; name=file.bin",
            "Content-Disposition: attachment; filename=file.bin",
            "Content-Transfer-Encoding: base64",
            "",
            base64.encodebytes(attachment).decode().replace("\n", "\r\n").strip(),
            "--x--",
        ]
    return "\r\n".join([*lines, ""]).encode()


def mbox(messages: Iterable[bytes], *, sender: str = "ann@example.org", timestamp_s: int = 1_700_000_000) -> bytes:
    """An mbox file, as a program of old writes it: lines that begin with From get one sign more."""
    written: list[bytes] = []
    for message in messages:
        lines = message.split(b"\n")
        quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
        written += [from_line(sender, timestamp_s), b"\n".join(quoted), b"\n"]
    return b"".join(written)


class Keepers:
    """The services, over the parts of a desk."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.work = WorkFolder(desk.folder / "upkeep")

    async def take(self, *paths: Path, archive: bool = False, **options: Any) -> ImportReport:
        """Import, on the queue or into the archive."""
        if not archive:
            return await MailImport(IntoQueue(self.desk.intake), work=self.work, clock=self.desk.clock, **options).run(
                paths
            )
        writer = IndexWriter(self.desk.database)
        take = IntoArchive(self.archive(writer), self.desk.blobs, self.desk.pool.run)
        try:
            return await MailImport(take, work=self.work, clock=self.desk.clock, **options).run(paths)
        finally:
            await writer.stop()

    def archive(self, writer: IndexWriter) -> MailArchive:
        return MailArchive(
            self.desk.blobs,
            writer,
            work=self.work,
            buckets=MailBuckets(frozenset(), lambda _: self.desk.blobs),
            clock=self.desk.clock,
            metrics=MailMetrics(Metrics()),
        )

    async def file(self, *mails: bytes | Letter) -> None:
        """Have mails archived."""
        for one in mails:
            if isinstance(one, Letter):
                await self.desk.intake.accept_letter(one)
            else:
                await self.desk.put_raw(one, recipients=("carol@example.org",), sender="ann@example.org")
        await self.desk.work()

    async def verify(self, *, quick: bool = False, repair: bool = False) -> VerifyReport:
        return await self.verifier().run(quick=quick, repair=repair)

    def verifier(self, *, clock: Any = None, **options: Any) -> MailVerify:
        return MailVerify(
            self.desk.database,
            self.desk.blobs,
            work=self.work,
            clock=clock or self.desk.clock,
            run_cpu=self.desk.pool.run,
            settle_s=0,
            **options,
        )

    async def reindex(self, *, from_scratch: bool = False) -> ReindexReport:
        return await MailReindex(self.desk.database, self.desk.blobs).run(from_scratch=from_scratch)

    def eraser(self, *, clock: Any = None) -> MailEraser:
        return MailEraser(self.desk.database, self.desk.blobs, clock or self.desk.clock, Retention())

    async def erase_rows(self, subject: str) -> str:
        """Have a mail leave the index; the id of its erasure."""
        (number,) = [one["number"] for one in await self.desk.mails() if one["subject"] == subject]
        async with self.desk.database.begin() as connection:
            (erasure,) = await self.eraser().erase_rows(connection, [number])
        return erasure.id

    async def forget_all(self) -> None:
        """Lose the index, as with a database: what is known of erasures stays, since they are the harder case."""
        async with self.desk.database.begin() as connection:
            await index.remove(connection, [one["number"] for one in await self.desk.mails()])

    async def rows(self, *tables: Table) -> dict[str, list[dict[str, Any]]]:
        """All rows of some tables, in the order of their keys, without the time of indexing."""
        found: dict[str, list[dict[str, Any]]] = {}
        async with self.desk.database.read() as connection:
            for table in tables or TABLES:
                rows = await connection.execute(select(table).order_by(*table.primary_key.columns))
                found[table.name] = [
                    {name: value for name, value in row.items() if name != "indexed_at_ms"} for row in rows.mappings()
                ]
        return found

    def path(self, key: str) -> Path:
        """The file of an object."""
        return self.desk.folder / "blobs" / key

    async def keys(self, prefix: str) -> Sequence[str]:
        return sorted([key async for key, _ in self.desk.blobs.walk(prefix)])
