"""Daily summaries as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.clock import iso_utc_ms
from wipsie.slices.asyncops.people import Person, names_of
from wipsie.slices.asyncops.schemas.summaries import SummaryItem, SummaryView
from wipsie.slices.asyncops.store.summaries import COLUMNS, DailySummary

ITEM_COLUMNS = [column for column in COLUMNS if column.key != "content"]
"""What a list reads: not all that each says."""


async def view(connection: AsyncConnection, summary: DailySummary) -> SummaryView:
    """One, with all it says."""
    names = await names_of(connection, [summary.created_by])
    row = {name: getattr(summary, name) for name in summary.__struct_fields__}
    return SummaryView(**_fields(row, names), content=summary.content)


async def items(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[SummaryItem]:
    """Rows of a list."""
    names = await names_of(connection, (row["created_by"] for row in rows))
    return [SummaryItem(**_fields(row, names)) for row in rows]


def _fields(row: Mapping[Any, Any], names: Mapping[str, Person]) -> dict[str, Any]:
    created_by, sent_at_ms = row["created_by"], row["sent_at_ms"]
    kept = ("id", "timezone", "edition", "schema_version", "generator", "headline", "all_quiet", "content_hash")
    return {
        **{name: row[name] for name in (*kept, "sent_to", "version")},
        "date": row["for_date"],
        "window_start": iso_utc_ms(row["window_start_ms"]),
        "window_end": iso_utc_ms(row["window_end_ms"]),
        "sent_at": None if sent_at_ms is None else iso_utc_ms(sent_at_ms),
        "generated_at": iso_utc_ms(row["created_at_ms"]),
        "created_by": None if created_by is None else names.get(created_by, Person(id=created_by, name="")),
    }
