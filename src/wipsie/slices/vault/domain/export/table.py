"""The table of an archive: CSV (RFC 4180) that a spreadsheet opens, and in which nothing is a formula, whoever wrote it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from wipsie.kernel.clock import iso_utc
from wipsie.slices.vault.domain.export.exported import ExportedReport

COLUMNS: Final = (
    "number",
    "date",
    "hospital",
    "type",
    "type_in_own_words",
    "person",
    "note",
    "saved_at",
    "files",
    "names_as_sent",
    "sha256",
    "files_missing",
)
# Spreadsheets take a cell for a formula that begins with one of these, or with one behind a tab or a line's end. Source: OWASP, "CSV
# Injection".
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_MARK: Final = "\ufeff"
"""Without it some spreadsheets take UTF-8 for something else."""


def table_pieces(reports: Iterable[ExportedReport]) -> Iterator[bytes]:
    """The table, a row at a time."""
    yield _MARK.encode() + _row(COLUMNS)
    for report in reports:
        details, files = report.details, report.files
        yield _row(
            (
                str(report.number),
                "" if details.date is None else details.date.iso,
                details.hospital,
                details.type,
                details.type_text,
                details.person,
                details.note,
                iso_utc(report.saved_at_ms / 1000),
                "\n".join(file.path for file in files),
                "\n".join(file.name or "" for file in files),
                "\n".join(file.sha256.hex() for file in files),
                str(report.missing),
            )
        )


def harmless(cell: str) -> str:
    """The same text, and no formula: with an apostrophe before it where it would be one."""
    # Blanks before it do not help: some spreadsheets take them away first.
    return f"'{cell}" if cell.lstrip(" \u00a0\u3000").startswith(_FORMULA) else cell


def _row(cells: Iterable[str | None]) -> bytes:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(cell or "") for cell in cells])
    # Text from elsewhere may hold half a character.
    return line.getvalue().encode("utf-8", "replace")
