"""By which words a report is found: those of its details, and those that stand in its files."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.slices.vault.domain.catalogue.type_words import TYPE_OF
from wipsie.slices.vault.domain.reports import searched_text
from wipsie.slices.vault.store.kept_files import texts_of
from wipsie.slices.vault.store.reports import Report, files_of_reports, hold_owner, report_by_id
from wipsie.slices.vault.store.words import index_words


class ReportIndexer:
    """One per process."""

    def __init__(self, type_names: Callable[[str], str] | None = None) -> None:
        """`type_names`: what people call a type, with spaces between; by default in all languages of the vault."""
        self._type_names = type_names or names_of_type

    async def index(self, connection: AsyncConnection, ring: KeyRing, report_id: str) -> None:
        """Write the words of a report that is not erased, whatever they were before. To be called again when more of its files was
        read."""
        report = await report_by_id(connection, ring, report_id)
        if report is None:
            return
        # Two who index at one moment would each leave words of their own.
        await hold_owner(connection, report.owner)
        report = await report_by_id(connection, ring, report_id)
        if report is not None:
            texts = await self.texts(connection, ring, report)
            await index_words(connection, ring, owner=report.owner, report=report.id, texts=texts)

    async def texts(self, connection: AsyncConnection, ring: KeyRing, report: Report) -> list[str]:
        """All that a report is found by."""
        details = report.details
        files = (await files_of_reports(connection, [report.id]))[report.id]
        # Details first: when words are left out, it is those far down in the files.
        names = "" if details.type is None else self._type_names(details.type)
        return [searched_text(details), names, *await texts_of(connection, ring, files)]


def names_of_type(type_: str) -> str:
    """What people call a type, in all languages of the vault."""
    return " ".join(phrase for phrase, named in TYPE_OF.items() if named == type_)
