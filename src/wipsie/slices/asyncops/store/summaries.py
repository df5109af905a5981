"""Daily summaries: one edition for each window by itself, further ones by hand. What is stored is never changed, but for when
it was sent, and the names of people who are forgotten."""

from __future__ import annotations

import re

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.slices.asyncops.domain.digest.content import Digest
from wipsie.slices.asyncops.domain.digest.forgetting import without_person
from wipsie.slices.asyncops.kinds import SUMMARY
from wipsie.slices.asyncops.store.records import Record, RecordTable, record_columns

SCHEDULE, MANUAL = GENERATORS = ("schedule", "manual")
LATEST = "latest"
"""As a reference: the last one."""

daily_summaries_table = Table(
    "daily_summaries",
    metadata,
    *record_columns(),
    Column("window_start_ms", BigInteger, nullable=False),
    Column("window_end_ms", BigInteger, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("for_date", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("schema_version", Text, nullable=False),
    Column("generator", Text, nullable=False),
    Column("headline", Json(list[str]), nullable=False),
    Column("all_quiet", Boolean, nullable=False),
    Column("content", Json(Digest), nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("sent_at_ms", BigInteger),
    Column("sent_to", Integer),
)
COLUMNS = daily_summaries_table.c
Index("uq_daily_summaries_window_end_ms", COLUMNS.window_end_ms, COLUMNS.timezone, COLUMNS.edition, unique=True)
Index("ix_daily_summaries_window_end_ms_id", COLUMNS.window_end_ms, COLUMNS.id)
Index("ix_daily_summaries_for_date", COLUMNS.for_date, COLUMNS.id)
Index("ix_daily_summaries_generator", COLUMNS.generator, COLUMNS.window_end_ms, COLUMNS.id)
_EDITIONS_READ = 5
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class DailySummary(Record, frozen=True, kw_only=True):
    """One edition of the summary of a day."""

    window_start_ms: int
    window_end_ms: int
    """The window is half-open: what happened at its end belongs to the next."""
    timezone: str
    for_date: str
    """The day on which the window ends, in that time zone."""
    edition: int
    """1 is the first; each that is made by hand afterwards has the next number."""
    schema_version: str
    generator: str
    """schedule or manual."""
    headline: list[str]
    all_quiet: bool
    content: Digest
    content_hash: str
    sent_at_ms: int | None
    sent_to: int | None
    """How many people it was sent to."""


class SummaryTable(RecordTable[DailySummary]):
    """Daily summaries; a day (``2025-11-28``) stands for its newest edition, ``latest`` for the newest of all."""

    async def find(
        self, connection: AsyncConnection, reference: str, principal: Principal | None = None, *, hold: bool = False
    ) -> DailySummary | None:
        if reference != LATEST and not _DAY.fullmatch(reference):
            return await super().find(connection, reference, principal, hold=hold)
        wanted = select(daily_summaries_table)
        newest: tuple[ColumnElement[int], ...] = (COLUMNS.window_end_ms.desc(), COLUMNS.edition.desc())
        if reference != LATEST:
            wanted = wanted.where(COLUMNS.for_date == reference)
        if hold:
            wanted = wanted.with_for_update()
        row = (await connection.execute(wanted.order_by(*newest).limit(1))).mappings().one_or_none()
        return None if row is None else self.of_row(row)


SUMMARIES = SummaryTable(SUMMARY, daily_summaries_table, DailySummary)


async def first_edition(
    connection: AsyncConnection, window_end_ms: int, timezone: str, *, hold: bool = False
) -> DailySummary | None:
    """The first edition of a window."""
    wanted = select(daily_summaries_table).where(
        COLUMNS.window_end_ms == window_end_ms, COLUMNS.timezone == timezone, COLUMNS.edition == 1
    )
    if hold:
        wanted = wanted.with_for_update()
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else SUMMARIES.of_row(row)


async def last_before(
    connection: AsyncConnection, window_end_ms: int, timezone: str, *, since_ms: int = 0
) -> DailySummary | None:
    """The first edition of the last window that ended before a time, and at or after `since_ms`."""
    wanted = (
        select(daily_summaries_table)
        .where(
            COLUMNS.window_end_ms < window_end_ms,
            COLUMNS.window_end_ms >= since_ms,
            COLUMNS.timezone == timezone,
            COLUMNS.edition == 1,
        )
        .order_by(COLUMNS.window_end_ms.desc())
        .limit(1)
    )
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else SUMMARIES.of_row(row)


async def next_edition(connection: AsyncConnection, window_end_ms: int, timezone: str) -> int:
    """The number of the next edition of a window; whoever asks holds the numbers of this kind."""
    wanted = select(func.max(COLUMNS.edition)).where(
        COLUMNS.window_end_ms == window_end_ms, COLUMNS.timezone == timezone
    )
    return ((await connection.execute(wanted)).scalar() or 0) + 1


async def newest_summaries(connection: AsyncConnection, count: int) -> list[DailySummary]:
    """The newest edition of each of the last windows, the newest first."""
    newest = (COLUMNS.window_end_ms.desc(), COLUMNS.edition.desc())
    # Editions by hand are few: some more rows than windows are enough.
    keys = select(COLUMNS.id, COLUMNS.window_end_ms, COLUMNS.timezone).order_by(*newest).limit(count * _EDITIONS_READ)
    ids: dict[tuple[int, str], str] = {}
    for row in await connection.execute(keys):
        ids.setdefault((row.window_end_ms, row.timezone), row.id)
    wanted = select(daily_summaries_table).where(COLUMNS.id.in_(list(ids.values())[:count])).order_by(*newest)
    return [SUMMARIES.of_row(row) for row in (await connection.execute(wanted)).mappings()]


async def forget_in_summaries(connection: AsyncConnection, user_id: str) -> int:
    """Take a person out of all that summaries say; of how many."""
    names_them = type_coerce(COLUMNS.content, Text).contains(f'"{user_id}"')
    ids = (await connection.execute(select(COLUMNS.id).where(names_them).order_by(COLUMNS.id))).scalars().all()
    changed = 0
    for summary_id in ids:
        # One by one: each may be large.
        before = (await connection.execute(select(COLUMNS.content).where(COLUMNS.id == summary_id))).scalar_one()
        after = without_person(before, user_id)
        if after != before:
            await connection.execute(
                update(daily_summaries_table).where(COLUMNS.id == summary_id).values(content=after)
            )
            changed += 1
    return changed
