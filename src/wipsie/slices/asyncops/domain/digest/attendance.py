"""Whose update there is, and of whom there is none. No ranking, no count of days in a row: somebody may have a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from wipsie.kernel.clock import utc_datetime
from wipsie.slices.asyncops.domain.digest.content import MissingLine
from wipsie.slices.asyncops.domain.digest.facts import DigestFacts, PersonFact, UpdateFact


class Attendance(msgspec.Struct, frozen=True, kw_only=True):
    """Who was asked, and of whom there is nothing."""

    expected: int
    missing: list[MissingLine]
    """By name."""
    readers_excluded: int


def attendance(facts: DigestFacts, written: Sequence[UpdateFact]) -> Attendance:
    """`written`: the updates of the window."""
    end_ms = facts.window.end_ms
    authors = {one.author for one in written}
    readers = [one for one in facts.people if one.reader_only]
    asked = 0
    missing: list[tuple[str, str, MissingLine]] = []
    for person in facts.people:
        day = due_day(person, end_ms, facts.day_ends_minute)
        last = facts.last_update_on.get(person.id)
        if person.reader_only or (day.weekday() not in person.work_days and person.id not in authors):
            continue
        if _local(person.created_at_ms, person).date() > day and person.id not in authors:
            # They were not there yet.
            continue
        asked += 1
        if person.id in authors or (last is not None and last >= day.isoformat()):
            continue
        line = MissingLine(
            person=person.id,
            day=day.isoformat(),
            last_update_on=last,
            last_update_days=None if last is None else (day - date.fromisoformat(last)).days,
        )
        missing.append((person.name.casefold(), person.id, line))
    return Attendance(
        expected=asked, missing=[line for _, _, line in sorted(missing, key=_order)], readers_excluded=len(readers)
    )


def due_day(person: PersonFact, at_ms: int, day_ends_minute: int) -> date:
    """The last of somebody's days that is over, or as good as: an update about it could be there."""
    now = _local(at_ms, person)
    is_over = now.hour * 60 + now.minute >= day_ends_minute
    return now.date() if is_over else now.date() - timedelta(days=1)


def _local(at_ms: int, person: PersonFact) -> datetime:
    return utc_datetime(at_ms).astimezone(ZoneInfo(person.timezone))


def _order(entry: tuple[str, str, MissingLine]) -> tuple[str, str]:
    return entry[0], entry[1]
