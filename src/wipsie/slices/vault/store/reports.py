"""Reports that were saved. A number is an owner's own, from 1, and never theirs twice.

saved ──(deleted)──► hidden ──(a week, or erased at once)──► erased: the number, and nothing of what it was
  ▲                    │
  └────(restored)──────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.tables import identities_table, report_files_table, reports_table

_REPORTS = reports_table.c
_FILES = report_files_table.c
_IDENTITIES = identities_table.c


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report, as its owner knows it."""

    id: str
    owner: str
    number: int
    version: int
    saved_at_ms: int
    details: ReportDetails
    files: int
    scan: str
    """``clean`` or ``not_scanned``: the worst of its files."""
    deleted_at_ms: int | None
    erase_at_ms: int | None


async def take_number(connection: AsyncConnection, owner: str) -> int | None:
    """The next number of an owner, theirs with the commit. None when there is no such owner. Others who save for them wait."""
    found = await connection.execute(
        update(identities_table)
        .where(_IDENTITIES.id == owner)
        .values(next_report=_IDENTITIES.next_report + 1)
        .returning(_IDENTITIES.next_report)
    )
    following = found.scalar_one_or_none()
    return None if following is None else following - 1


async def hold_owner(connection: AsyncConnection, owner: str) -> bool:
    """Others who change what is kept for this owner wait until the commit. False when there is no such owner."""
    found = await connection.execute(select(_IDENTITIES.id).where(_IDENTITIES.id == owner).with_for_update())
    return found.scalar_one_or_none() is not None


async def add_report(
    connection: AsyncConnection,
    ring: KeyRing,
    report_id: str,
    *,
    owner: str,
    number: int,
    details: ReportDetails,
    files: Sequence[str],
    scan: str,
    now_ms: int,
) -> None:
    """Keep a report and which files it has, in their order."""
    await connection.execute(
        insert(reports_table).values(
            id=report_id,
            owner=owner,
            number=number,
            version=1,
            saved_at_ms=now_ms,
            details=seal_column(ring, details, _REPORTS.details, report_id),
            files=len(files),
            scan=scan,
        )
    )
    await _add_files(connection, report_id, files)


async def report_by_id(connection: AsyncConnection, ring: KeyRing, report_id: str) -> Report | None:
    """A report that is not erased, hidden or not."""
    return await _one(connection, ring, select(reports_table).where(_REPORTS.id == report_id))


async def report_by_number(connection: AsyncConnection, ring: KeyRing, owner: str, number: int) -> Report | None:
    """An owner's report that is not erased, hidden or not. Numbers of others are none."""
    # No database has a larger number, and each refuses one in its own way.
    if not 0 < number < 2**31:
        return None
    return await _one(connection, ring, select(reports_table).where(_REPORTS.owner == owner, _REPORTS.number == number))


async def reports_of(connection: AsyncConnection, ring: KeyRing, ids: Sequence[str]) -> list[Report]:
    """Those of these reports that are not erased, in this order."""
    found = await connection.execute(select(reports_table).where(_REPORTS.id.in_(ids), _REPORTS.erased_at_ms.is_(None)))
    by_id = {row.id: row for row in found}
    return [_report(ring, by_id[id_]) for id_ in ids if id_ in by_id]


async def shown_reports(
    connection: AsyncConnection, ring: KeyRing, owner: str, *, count_max: int, before_number: int | None = None
) -> list[Report]:
    """An owner's reports that are not hidden, the last saved first; `before_number` for the next portion."""
    wanted = select(reports_table).where(_REPORTS.owner == owner, _REPORTS.deleted_at_ms.is_(None))
    if before_number is not None:
        wanted = wanted.where(_REPORTS.number < before_number)
    found = await connection.execute(wanted.order_by(_REPORTS.number.desc()).limit(count_max))
    return [_report(ring, row) for row in found]


async def last_hidden(connection: AsyncConnection, ring: KeyRing, owner: str) -> Report | None:
    """What an owner deleted last, and may still have back."""
    wanted = select(reports_table).where(
        _REPORTS.owner == owner, _REPORTS.deleted_at_ms.is_not(None), _REPORTS.erased_at_ms.is_(None)
    )
    return await _one(connection, ring, wanted.order_by(_REPORTS.deleted_at_ms.desc(), _REPORTS.number.desc()).limit(1))


async def files_of_reports(connection: AsyncConnection, reports: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the files of each report, in their order."""
    found = await connection.execute(
        select(_FILES.report, _FILES.file).where(_FILES.report.in_(reports)).order_by(_FILES.report, _FILES.position)
    )
    files: dict[str, list[str]] = {report: [] for report in reports}
    for row in found:
        files[row.report].append(row.file)
    return files


async def report_of_file(connection: AsyncConnection, ring: KeyRing, file: str) -> Report | None:
    """The report that has this file, unless it is erased."""
    wanted = select(reports_table).join(report_files_table, _FILES.report == _REPORTS.id).where(_FILES.file == file)
    return await _one(connection, ring, wanted)


async def change_details(connection: AsyncConnection, ring: KeyRing, report: Report, details: ReportDetails) -> bool:
    """Other details for the report as it was read; False when it was changed, hidden or erased since."""
    changed = await connection.execute(
        update(reports_table)
        .where(_REPORTS.id == report.id, _REPORTS.version == report.version, _REPORTS.deleted_at_ms.is_(None))
        .values(version=report.version + 1, details=seal_column(ring, details, _REPORTS.details, report.id))
    )
    return changed.rowcount > 0


async def change_order(connection: AsyncConnection, report: Report, files: Sequence[str]) -> bool:
    """Its files, all of them, in another order; False when the report was changed, hidden or erased since it was read."""
    changed = await connection.execute(
        update(reports_table)
        .where(_REPORTS.id == report.id, _REPORTS.version == report.version, _REPORTS.deleted_at_ms.is_(None))
        .values(version=report.version + 1)
    )
    if not changed.rowcount:
        return False
    # No two may have one place, not even on the way to another.
    await connection.execute(delete(report_files_table).where(_FILES.report == report.id))
    await _add_files(connection, report.id, files)
    return True


async def hide(connection: AsyncConnection, report_id: str, *, now_ms: int, erase_at_ms: int) -> bool:
    """Nobody is shown this report any more, and at `erase_at_ms` it is erased. False when that is so already."""
    changed = await connection.execute(
        update(reports_table)
        .where(_REPORTS.id == report_id, _REPORTS.deleted_at_ms.is_(None))
        .values(deleted_at_ms=now_ms, erase_at_ms=erase_at_ms, version=_REPORTS.version + 1)
    )
    return changed.rowcount > 0


async def unhide(connection: AsyncConnection, report_id: str) -> bool:
    """A report is as it was before it was hidden. False when it is not hidden, or erased."""
    changed = await connection.execute(
        update(reports_table)
        .where(_REPORTS.id == report_id, _REPORTS.deleted_at_ms.is_not(None), _REPORTS.erased_at_ms.is_(None))
        .values(deleted_at_ms=None, erase_at_ms=None, version=_REPORTS.version + 1)
    )
    return changed.rowcount > 0


async def bury(connection: AsyncConnection, report_ids: Sequence[str], *, now_ms: int) -> list[str]:
    """Leave nothing of these reports but that they were; ids of those that were not erased before."""
    changed = await connection.execute(
        update(reports_table)
        .where(_REPORTS.id.in_(report_ids), _REPORTS.erased_at_ms.is_(None))
        .values(details=b"", deleted_at_ms=now_ms, erase_at_ms=None, erased_at_ms=now_ms)
        .returning(_REPORTS.id)
    )
    return list(changed.scalars())


async def ids_to_erase(connection: AsyncConnection, *, now_ms: int, count_max: int) -> list[tuple[str, str]]:
    """Owner and id of reports that were deleted long enough ago."""
    found = await connection.execute(
        select(_REPORTS.owner, _REPORTS.id)
        .where(_REPORTS.erase_at_ms <= now_ms)
        .order_by(_REPORTS.erase_at_ms)
        .limit(count_max)
    )
    return [(row.owner, row.id) for row in found]


async def ids_of_owner(connection: AsyncConnection, owner: str, *, count_max: int) -> list[str]:
    """Reports of an owner that are not erased, hidden or not."""
    found = await connection.execute(
        select(_REPORTS.id).where(_REPORTS.owner == owner, _REPORTS.erased_at_ms.is_(None)).limit(count_max)
    )
    return list(found.scalars())


async def _add_files(connection: AsyncConnection, report_id: str, files: Sequence[str]) -> None:
    await connection.execute(
        insert(report_files_table),
        [{"report": report_id, "position": position, "file": file} for position, file in enumerate(files)],
    )


async def _one(connection: AsyncConnection, ring: KeyRing, wanted: Select[Any]) -> Report | None:
    row = (await connection.execute(wanted.where(_REPORTS.erased_at_ms.is_(None)))).one_or_none()
    return None if row is None else _report(ring, row)


def _report(ring: KeyRing, row: Any) -> Report:
    return Report(
        details=open_column(ring, row.details, ReportDetails, _REPORTS.details, row.id),
        **{name: getattr(row, name) for name in Report.__struct_fields__ if name != "details"},
    )
