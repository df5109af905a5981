"""Daily summaries: made by the schedule once for each window, made again by hand as further editions, and shown."""

from __future__ import annotations

import asyncio
from datetime import date

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock, utc_datetime
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.ids import ObjectId
from wipsie.queue.contract import NewMessage
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.domain.digest.build import build_digest
from wipsie.slices.asyncops.domain.digest.content import Digest
from wipsie.slices.asyncops.domain.digest.window import Window
from wipsie.slices.asyncops.rights import READ_SUMMARIES, RUN_SUMMARIES
from wipsie.slices.asyncops.schemas.moments import EARLIEST, LATEST
from wipsie.slices.asyncops.service.summaries.found import findable
from wipsie.slices.asyncops.service.summaries.gather import Gatherer
from wipsie.slices.asyncops.service.summaries.letters import Letters
from wipsie.slices.asyncops.service.summaries.times import CATCH_UP_MAX, SummaryTimes
from wipsie.slices.asyncops.store.records import hold_numbers
from wipsie.slices.asyncops.store.summaries import (
    MANUAL,
    SCHEDULE,
    SUMMARIES,
    DailySummary,
    first_edition,
    last_before,
    next_edition,
)

SYSTEM = Principal(kind="system", id="asyncops")
FUTURE_MS_MAX = 60_000
"""Clocks differ; a window that ends later than this is not over."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A digest with the id it has, or will have once it is kept."""

    id: ObjectId
    window: Window
    digest: Digest


class SummaryService:
    """Use cases of daily summaries."""

    def __init__(
        self, desk: Desk, database: Database, clock: Clock, gatherer: Gatherer, letters: Letters, times: SummaryTimes
    ) -> None:
        self._desk = desk
        self._database = database
        self._clock = clock
        self._gatherer = gatherer
        self._letters = letters
        self.times = times

    async def due(self, scheduled_ms: int, fired_ms: int) -> list[Window]:
        """The windows that a message of the schedule is to make, the oldest first: see `SummaryTimes.due`; and those between
        the last summary there is and its own, whose messages failed for good."""
        ends = self.times.due(scheduled_ms, fired_ms)
        async with self._database.read() as connection:
            last = await last_before(connection, ends[0], self.times.timezone)
        if last is not None:
            ends = sorted({*self.times.between(last.window_end_ms, ends[0]), *ends})[-CATCH_UP_MAX:]
        return [self.times.window(end_ms) for end_ms in ends]

    async def draft(self, window: Window) -> Draft:
        """What a summary of a window says, from what is known now. Reads, and writes nothing."""
        facts = await self._gatherer.facts(window)
        # A large team takes some time: meanwhile others are answered.
        digest = await asyncio.to_thread(build_digest, facts)
        return Draft(id=self._desk.fresh_id(SUMMARIES.kind), window=window, digest=digest)

    async def first(self, window: Window) -> Draft | None:
        """The first edition of a window as it is kept; None when there is none."""
        async with self._database.read() as connection:
            found = await first_edition(connection, window.end_ms, window.timezone)
        return None if found is None else Draft(id=found.id, window=window, digest=found.content)

    async def keep_first(self, unit: UnitOfWork, draft: Draft) -> DailySummary:
        """Keep a draft as the first edition of its window, and hold it; the one that is there when there is one."""
        # Nobody else adds one until this commits: what is looked for and not found is not there.
        await hold_numbers(unit.connection, SUMMARIES.kind)
        found = await first_edition(unit.connection, draft.window.end_ms, draft.window.timezone, hold=True)
        return found or await self._add(unit, SYSTEM, draft, edition=1, generator=SCHEDULE)

    def is_latest(self, window: Window) -> bool:
        """Whether no later summary is due yet: of those that are made up for, only the last is sent."""
        return self.times.after(window.end_ms) > self._clock.now_ms()

    async def letters(self, draft: Draft) -> list[NewMessage]:
        """The mail of a summary, for `send`. Written beforehand: nobody waits for a transaction meanwhile."""
        async with self._database.read() as connection:
            recipients = await self._letters.recipients(connection)
        return self._letters.write(draft.id, draft.digest, recipients, now_s=self._clock.now())

    async def send(
        self, unit: UnitOfWork, principal: Principal, summary: DailySummary, letters: list[NewMessage] | None = None
    ) -> DailySummary:
        """Send a summary that this unit holds by mail, unless that was done. `letters`: of this very one, when they are
        written."""
        if summary.sent_at_ms is not None:
            return summary
        if letters is None:
            recipients = await self._letters.recipients(unit.connection)
            letters = self._letters.write(summary.id, summary.content, recipients, now_s=self._clock.now())
        for letter in letters:
            unit.publish(letter)
        return await self._desk.change(
            unit,
            principal,
            SUMMARIES,
            summary,
            {"sent_at_ms": self._clock.now_ms(), "sent_to": len(letters)},
            verb="send",
            facts={"recipients": len(letters)},
        )

    def now_ms(self) -> int:
        """The time it is."""
        return self._clock.now_ms()

    def window_for(self, *, day: date | None = None, end_ms: int | None = None) -> Window:
        """The window that is meant: of a day, of an end, or the last one that is over. InvalidInput for one that is not over."""
        now_ms = self._clock.now_ms()
        if day is not None and end_ms is not None:
            raise InvalidInput("Say either date or window_end, not both.", details={"field": "window_end"})
        if day is not None:
            if not EARLIEST.date() <= day < LATEST.date():
                problem = f"must lie between the years {EARLIEST.year} and {LATEST.year}"
                raise InvalidInput(f"The day {problem}.", details={"field": "date", "problem": problem})
            end_ms = self.times.end_of(day)
        if end_ms is None:
            end_ms = self.times.last(now_ms)
        if end_ms > now_ms + FUTURE_MS_MAX:
            raise InvalidInput(
                f"That window ends at {utc_datetime(end_ms):%Y-%m-%d %H:%M} UTC and is not over yet.",
                details={"field": "date" if day is not None else "window_end", "problem": "is in the future"},
            )
        return self.times.window(end_ms)

    async def preview(self, principal: Principal, window: Window) -> Digest:
        """What a summary of a window would say. Nothing is kept."""
        principal.check(READ_SUMMARIES)
        return (await self.draft(window)).digest

    async def draft_by_hand(self, principal: Principal, window: Window) -> Draft:
        """A draft for `run`. Forbidden."""
        principal.check(RUN_SUMMARIES)
        return await self.draft(window)

    async def run(self, unit: UnitOfWork, principal: Principal, draft: Draft, *, send: bool) -> DailySummary:
        """Keep a draft as the next edition of its window, and send it if that is asked for. Earlier editions stay."""
        principal.check(RUN_SUMMARIES)
        await hold_numbers(unit.connection, SUMMARIES.kind)
        edition = await next_edition(unit.connection, draft.window.end_ms, draft.window.timezone)
        summary = await self._add(unit, principal, draft, edition=edition, generator=MANUAL)
        return await self.send(unit, principal, summary) if send else summary

    async def get(self, connection: AsyncConnection, principal: Principal, reference: str) -> DailySummary:
        """One by its id, its day, or ``latest``. NotFound."""
        principal.check(READ_SUMMARIES)
        return await SUMMARIES.get(connection, reference, principal)

    async def _add(
        self, unit: UnitOfWork, principal: Principal, draft: Draft, *, edition: int, generator: str
    ) -> DailySummary:
        now_ms, window, digest = self._clock.now_ms(), draft.window, draft.digest
        summary = DailySummary(
            id=draft.id,
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            version=1,
            window_start_ms=window.start_ms,
            window_end_ms=window.end_ms,
            timezone=window.timezone,
            for_date=window.day.isoformat(),
            edition=edition,
            schema_version=digest.schema,
            generator=generator,
            headline=digest.headline,
            all_quiet=digest.all_quiet,
            content=digest,
            content_hash=digest.hash,
            sent_at_ms=None,
            sent_to=None,
        )
        return await self._desk.add(
            unit,
            principal,
            SUMMARIES,
            summary,
            findable(summary),
            verb="make",
            facts={"edition": edition, "generator": generator, "hash": digest.hash[:16]},
        )
