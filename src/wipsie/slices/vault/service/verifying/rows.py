"""Rows: does every sealed value open, has every report its files and its words, and is no number given twice?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyHolder, KeyMissing, KeyRing, SealBroken
from wipsie.database import Database
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.verifying.findings import Progress, VerifyReport
from wipsie.slices.vault.store.columns import check_column
from wipsie.slices.vault.store.files import files_of
from wipsie.slices.vault.store.objects import objects_of_files
from wipsie.slices.vault.store.reports import files_of_reports, report_by_id
from wipsie.slices.vault.store.sealed_columns import SEALED_COLUMNS, SealedColumn, sealed_rows
from wipsie.slices.vault.store.tables import identities_table, reports_table, words_table
from wipsie.slices.vault.store.words import tokens_of, word_tokens_of_all

_PORTION: Final = 200
_REPORTS = reports_table.c
_WORDS = words_table.c
_IDENTITIES = identities_table.c


class RowCheck:
    """One look at all of them."""

    def __init__(self, database: Database, keys: KeyHolder, indexer: ReportIndexer, report: VerifyReport) -> None:
        self._database = database
        self._keys = keys
        self._indexer = indexer
        self._report = report

    async def run(self, tell: Progress) -> None:
        """Look at values, reports, numbers and words. KeyMissing when there is no key at all; StorageUnavailable."""
        ring = await self._keys.ring()
        for one in SEALED_COLUMNS:
            await self._values(ring, one, tell)
        await self._reports(ring, tell)
        await self._numbers()
        await self._words_of_nothing()

    async def _values(self, ring: KeyRing, one: SealedColumn, tell: Progress) -> None:
        after: Sequence[Any] | None = None
        while True:
            async with self._database.read() as connection:
                rows = await sealed_rows(connection, one, count_max=_PORTION, after=after)
            for row in rows:
                where = f"{one.name}/{row.row_id}"
                try:
                    check_column(ring, row.sealed, one.column, row.row_id)
                except KeyMissing as missing:
                    self._report.note("key_missing", where, missing.kek_id or "")
                except SealBroken:
                    self._report.note("value_broken", where)
            self._report.values += len(rows)
            tell("values", self._report.values)
            if len(rows) < _PORTION:
                return
            after = rows[-1].at

    async def _reports(self, ring: KeyRing, tell: Progress) -> None:
        after = ""
        while True:
            async with self._database.read() as connection:
                found = await connection.execute(
                    select(_REPORTS.id)
                    .where(_REPORTS.erased_at_ms.is_(None), _REPORTS.id > after)
                    .order_by(_REPORTS.id)
                    .limit(_PORTION)
                )
                ids = list(found.scalars())
            for report_id in ids:
                # As of one moment: its rows, and its words.
                async with self._database.read() as connection:
                    try:
                        await self._look(connection, ring, report_id)
                    except (KeyMissing, SealBroken):
                        # Its value was told; without it there is nothing to compare.
                        continue
            self._report.reports += len(ids)
            tell("reports", self._report.reports)
            if len(ids) < _PORTION:
                return
            after = ids[-1]

    async def _look(self, connection: AsyncConnection, ring: KeyRing, report_id: str) -> None:
        report = await report_by_id(connection, ring, report_id)
        if report is None:
            return
        ids = (await files_of_reports(connection, [report_id]))[report_id]
        files = [
            one for one in await files_of(connection, ring, ids) if one.state == "saved" and one.owner == report.owner
        ]
        originals = await objects_of_files(connection, ids, role="original")
        if not report.files == len(ids) == len(files) == len({one.file for one in originals}):
            self._report.note("report_incomplete", report_id, f"{report.files} files")
        texts = await self._indexer.texts(connection, ring, report)
        # While keys rotate its words may be those of any key; never of two.
        if await tokens_of(connection, report_id) not in word_tokens_of_all(ring, report.owner, texts):
            self._report.note("words_differ", report_id)

    async def _numbers(self) -> None:
        async with self._database.read() as connection:
            found = await connection.execute(
                select(_REPORTS.owner, func.max(_REPORTS.number))
                .join(identities_table, _IDENTITIES.id == _REPORTS.owner)
                .group_by(_REPORTS.owner, _IDENTITIES.next_report)
                .having(func.max(_REPORTS.number) >= _IDENTITIES.next_report)
            )
            for owner, number in found:
                self._report.note("number_given_twice", owner, f"report {number}")

    async def _words_of_nothing(self) -> None:
        kept = exists().where(_REPORTS.id == _WORDS.report, _REPORTS.erased_at_ms.is_(None))
        async with self._database.read() as connection:
            found = await connection.execute(
                select(_WORDS.report, func.count()).where(~kept).group_by(_WORDS.report).order_by(_WORDS.report)
            )
            for report_id, count in found:
                self._report.note("words_of_nothing", report_id, f"{count} words")
