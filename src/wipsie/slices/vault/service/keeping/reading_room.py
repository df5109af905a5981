"""The one way to see what is kept: whoever sees something of a report stands in the audit log first.

In a unit of work the event is in the commit that also sends the answer. For bytes it is in a commit of its own, before the first of them.
What is not there, and what is somebody else's, is answered alike, and recorded.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

import msgspec

from wipsie.blobs.sealing import KeyRing, Opened, SealedStore
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.errors import NotFound
from wipsie.kernel.text_words import query_words
from wipsie.slices.vault.service.keeping.events import Viewer, owner_name, report_name
from wipsie.slices.vault.store.history import HistoryEntry, events_of_owner, events_of_report
from wipsie.slices.vault.store.objects import StoredObject, object_of, objects_of_files
from wipsie.slices.vault.store.reports import (
    Report,
    files_of_reports,
    last_hidden,
    report_by_id,
    report_by_number,
    report_of_file,
    reports_of,
    shown_reports,
)
from wipsie.slices.vault.store.words import reports_with_words

PAGE_REPORTS = 10
SEARCH_REPORTS_MAX = 5
HISTORY_MAX = 20
_PORTION = 200
_LOOKED_AT_MAX = 10_000
"""Details are sealed: filters look at one report after the other."""


class ListFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which reports to list; all of what is given must hold."""

    type: str | None = None
    year: int | None = None
    """Of the report's date; of its saving where it has none."""
    person: str | None = None

    def holds(self, report: Report) -> bool:
        """Whether the report is one of them."""
        details = report.details
        return (
            (self.type is None or details.type == self.type)
            and (self.year is None or _year(report) == self.year)
            and (self.person is None or (details.person or "").casefold() == self.person.casefold())
        )


class ReportPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list."""

    reports: tuple[Report, ...]
    page: int
    """From 1."""
    has_more: bool


class ReadingRoom:
    """One per process."""

    def __init__(self, database: Database, sealed: SealedStore) -> None:
        self._database = database
        self._sealed = sealed

    async def list(
        self,
        unit: UnitOfWork,
        ring: KeyRing,
        viewer: Viewer,
        owner: str,
        wanted: ListFilter | None = None,
        *,
        page: int = 1,
        page_size: int = PAGE_REPORTS,
    ) -> ReportPage:
        """A page of an owner's reports, the last saved first."""
        wanted = wanted or ListFilter()
        skipped, found = max(0, page - 1) * page_size, list[Report]()
        before: int | None = None
        # One more than the page has: whether there is another.
        while len(found) <= skipped + page_size and len(found) < _LOOKED_AT_MAX:
            portion = await shown_reports(unit.connection, ring, owner, count_max=_PORTION, before_number=before)
            found += [one for one in portion if wanted.holds(one)]
            if len(portion) < _PORTION:
                break
            before = portion[-1].number
        shown = found[skipped : skipped + page_size]
        unit.record(viewer.event("vault:report:list", owner_name(owner), {"page": page, "found": len(shown)}))
        return ReportPage(reports=tuple(shown), page=page, has_more=len(found) > skipped + page_size)

    async def get(
        self, unit: UnitOfWork, ring: KeyRing, viewer: Viewer, owner: str, number: int, *, purpose: str = "get"
    ) -> Report | None:
        """An owner's report, for `purpose` (get, edit, delete, share …: a word for the log). None when they have none of this number."""
        report = await report_by_number(unit.connection, ring, owner, number)
        if report is None or report.deleted_at_ms is not None:
            # Somebody who tries numbers is to be seen; the number itself may be anything they typed.
            unit.record(viewer.event("vault:report:miss", owner_name(owner), {"purpose": purpose}))
            return None
        facts = {"number": report.number, "purpose": purpose}
        unit.record(viewer.event("vault:report:view", report_name(report.id), facts))
        return report

    async def last_deleted(self, unit: UnitOfWork, ring: KeyRing, viewer: Viewer, owner: str) -> Report | None:
        """What an owner deleted last, and may still have back."""
        report = await last_hidden(unit.connection, ring, owner)
        if report is not None:
            facts = {"number": report.number, "purpose": "restore"}
            unit.record(viewer.event("vault:report:view", report_name(report.id), facts))
        return report

    async def with_file(
        self, unit: UnitOfWork, ring: KeyRing, viewer: Viewer, owner: str, files: Sequence[str]
    ) -> Report | None:
        """The owner's report that has the first of these files that any has: what a file that came again is compared with."""
        for file in files:
            report = await report_of_file(unit.connection, ring, file)
            if report is not None and report.owner == owner and report.deleted_at_ms is None:
                facts = {"number": report.number, "purpose": "duplicate"}
                unit.record(viewer.event("vault:report:view", report_name(report.id), facts))
                return report
        return None

    async def search(
        self, unit: UnitOfWork, ring: KeyRing, viewer: Viewer, owner: str, text: str
    ) -> tuple[Report, ...]:
        """The owner's reports in which all these words stand, or that are called so; the last saved five."""
        words = query_words(text)
        ids = await reports_with_words(unit.connection, ring, owner=owner, words=words, count_max=SEARCH_REPORTS_MAX)
        # How many words and not which: they may say what somebody fears.
        facts = {"words": len(words), "found": len(ids)}
        unit.record(viewer.event("vault:report:search", owner_name(owner), facts))
        return tuple(await reports_of(unit.connection, ring, ids))

    async def history(
        self,
        unit: UnitOfWork,
        ring: KeyRing,
        viewer: Viewer,
        owner: str,
        number: int | None = None,
        *,
        count_max: int = HISTORY_MAX,
    ) -> tuple[HistoryEntry, ...] | None:
        """Who did and saw what, the newest first: of one report, or of all that is the owner's. None when they have none of this
        number."""
        if number is None:
            unit.record(viewer.event("vault:history:view", owner_name(owner)))
            return tuple(await events_of_owner(unit.connection, owner, count_max=count_max))
        report = await self.get(unit, ring, viewer, owner, number, purpose="history")
        return (
            None if report is None else tuple(await events_of_report(unit.connection, report.id, count_max=count_max))
        )

    async def originals(self, unit: UnitOfWork, report: Report) -> tuple[StoredObject, ...]:
        """The objects of a report that was got, in the order of its files; what they hold is seen through `opened` only."""
        files = (await files_of_reports(unit.connection, [report.id]))[report.id]
        return tuple(await objects_of_files(unit.connection, files, role="original"))

    @contextlib.asynccontextmanager
    async def opened(
        self, ring: KeyRing, viewer: Viewer, object_id: str, *, purpose: str
    ) -> AsyncGenerator[tuple[StoredObject, Opened]]:
        """The content of an object of a report that is not hidden, proved, and recorded before any of it is given. NotFound;
        SealBroken, BlobNotFound, StorageUnavailable."""
        async with self._database.read() as connection:
            stored = await object_of(connection, object_id)
            report = None if stored is None else await report_of_file(connection, ring, stored.file or "")
        if stored is None or report is None or report.deleted_at_ms is not None:
            raise NotFound("There is no such file.")
        async with self._sealed.opened(stored.object_key, stored.id, stored.wrapped) as content:
            async with self._database.unit_of_work() as unit:
                # Again: it may have been hidden or erased while it was fetched.
                known = await report_by_id(unit.connection, ring, report.id)
                if known is None or known.deleted_at_ms is not None:
                    raise NotFound("There is no such file.")
                facts = {"number": known.number, "purpose": purpose, "file": stored.id}
                unit.record(viewer.event("vault:report:open", report_name(known.id), facts))
            yield stored, content


def _year(report: Report) -> int:
    if report.details.date is not None:
        return report.details.date.year
    return datetime.fromtimestamp(report.saved_at_ms / 1000, UTC).year
