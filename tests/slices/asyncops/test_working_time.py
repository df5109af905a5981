"""Promises of working time: it adds up whatever clocks do, and days off are none of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.asyncops.domain.working_time import (
    HOUR_MS,
    NEVER_MS,
    WorkingHours,
    moment_after,
    working_ms,
)

NINE_TO_FIVE = WorkingHours()
WEEKDAYS = [0, 1, 2, 3, 4]
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Africa/Casablanca",
    "America/Caracas",
]
_FIRST = round(datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1000)
_LAST = round(datetime(2040, 1, 1, tzinfo=UTC).timestamp() * 1000)

zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.lists(st.integers(0, 6), unique=True)
spans = st.integers(0, 40 * 24 * HOUR_MS)
starts = st.integers(_FIRST, _LAST)
hours = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1])


def at(text: str, zone: str = "UTC") -> int:
    """A time on the wall of a zone, in ms."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def between(start: str, end: str, zone: str, work_days: list[int] = WEEKDAYS) -> float:
    """Working hours between two times on the wall of a zone."""
    return working_ms(at(start, zone), at(end, zone), ZoneInfo(zone), work_days, NINE_TO_FIVE) / HOUR_MS


@given(zones, days, hours, starts, spans, spans)
def test_two_spans_that_follow_each_other_add_up(
    zone: ZoneInfo, work_days: list[int], pair: tuple[int, int], start_ms: int, first_ms: int, second_ms: int
) -> None:
    rule = WorkingHours(*pair)
    middle_ms = start_ms + first_ms
    end_ms = middle_ms + second_ms
    first = working_ms(start_ms, middle_ms, zone, work_days, rule)
    second = working_ms(middle_ms, end_ms, zone, work_days, rule)
    assert working_ms(start_ms, end_ms, zone, work_days, rule) == first + second
    assert 0 <= first <= first_ms


@given(zones, days, starts, spans)
def test_days_off_count_nothing(zone: ZoneInfo, work_days: list[int], start_ms: int, span_ms: int) -> None:
    off = [day for day in range(7) if day not in work_days]
    on = working_ms(start_ms, start_ms + span_ms, zone, work_days, NINE_TO_FIVE)
    rest = working_ms(start_ms, start_ms + span_ms, zone, off, NINE_TO_FIVE)
    assert on + rest == working_ms(start_ms, start_ms + span_ms, zone, list(range(7)), NINE_TO_FIVE)
    assert working_ms(start_ms, start_ms + span_ms, zone, [], NINE_TO_FIVE) == 0


@given(zones, starts, spans)
def test_whole_days_of_work_are_all_of_time(zone: ZoneInfo, start_ms: int, span_ms: int) -> None:
    # Midnight to midnight, every day: no moment is left out and none counts twice, whatever clocks are set to.
    assert working_ms(start_ms, start_ms + span_ms, zone, list(range(7)), WorkingHours(0, 1440)) == span_ms


@given(zones, days.filter(bool), starts, st.integers(1, 100 * HOUR_MS))
def test_the_moment_after_so_much_work_is_the_first_one(
    zone: ZoneInfo, work_days: list[int], start_ms: int, duration_ms: int
) -> None:
    then_ms = moment_after(start_ms, duration_ms, zone, work_days, NINE_TO_FIVE)
    assert working_ms(start_ms, then_ms, zone, work_days, NINE_TO_FIVE) == duration_ms
    assert working_ms(start_ms, then_ms - 1, zone, work_days, NINE_TO_FIVE) == duration_ms - 1


def test_work_that_never_comes_is_never() -> None:
    assert moment_after(0, HOUR_MS, ZoneInfo("UTC"), [], NINE_TO_FIVE) == NEVER_MS
    assert moment_after(0, 10**9 * HOUR_MS, ZoneInfo("UTC"), WEEKDAYS, NINE_TO_FIVE) == NEVER_MS
    assert moment_after(5, 0, ZoneInfo("UTC"), [], NINE_TO_FIVE) == 5


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2025-10-06T09:00", "2025-10-06T17:00", 8),
        ("2025-10-06T07:00", "2025-10-06T23:00", 8),
        ("2025-10-06T12:00", "2025-10-07T12:00", 8),
        ("2025-10-03T16:00", "2025-10-06T10:00", 2),
        ("2025-10-04T00:00", "2025-10-06T00:00", 0),
        ("2025-10-06T10:00", "2025-10-06T09:00", 0),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu"])
def test_a_working_day_is_nine_to_five_where_somebody_is(start: str, end: str, hours: float, zone: str) -> None:
    assert between(start, end, zone) == hours


@pytest.mark.parametrize(("day", "length_h"), [("2025-03-30", 23), ("2025-10-26", 25)])
def test_a_change_of_clocks_at_night_leaves_the_working_day_as_it_is(day: str, length_h: int) -> None:
    start = datetime.fromisoformat(f"{day}T00:00")
    end = start + timedelta(days=1)
    all_week = list(range(7))
    assert (at(end.isoformat(), "Europe/Berlin") - at(start.isoformat(), "Europe/Berlin")) == length_h * HOUR_MS
    assert between(start.isoformat(), end.isoformat(), "Europe/Berlin", all_week) == 8


def test_a_day_that_a_zone_leaves_out_has_no_hours() -> None:
    # Samoa went from Thursday 29 to Saturday 31 December 2011.
    assert between("2011-12-29T00:00", "2011-12-31T00:00", "Pacific/Apia", [3, 4]) == 8
    assert between("2011-12-29T00:00", "2012-01-02T00:00", "Pacific/Apia", [4]) == 0
    assert between("2011-12-29T00:00", "2012-01-02T00:00", "Pacific/Apia", [5]) == 8
