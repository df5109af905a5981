"""Promises of the times of summaries: windows are fixed by their ends, through changes of clocks and in zones that are not whole
hours away."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.asyncops.service.summaries.times import CATCH_UP_MAX, SummarySettings, SummaryTimes


def times(timezone: str = "UTC", cron: str = "0 9 * * *") -> SummaryTimes:
    return SummaryTimes(SummarySettings(cron=cron, timezone=timezone))


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%MZ")


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("UTC", date(2025, 11, 28), "2025-11-27T09:00Z", "2025-11-28T09:00Z"),
        # Berlin, the day before, of and after clocks go forward (30 March, 2:00) …
        ("Europe/Berlin", date(2025, 3, 29), "2025-03-28T08:00Z", "2025-03-29T08:00Z"),
        ("Europe/Berlin", date(2025, 3, 30), "2025-03-29T07:00Z", "2025-03-30T07:00Z"),
        ("Europe/Berlin", date(2025, 3, 31), "2025-03-30T07:00Z", "2025-03-31T07:00Z"),
        # … and back (26 October, 3:00).
        ("Europe/Berlin", date(2025, 10, 25), "2025-10-24T07:00Z", "2025-10-25T07:00Z"),
        ("Europe/Berlin", date(2025, 10, 26), "2025-10-25T08:00Z", "2025-10-26T08:00Z"),
        ("Asia/Kolkata", date(2025, 11, 28), "2025-11-27T03:30Z", "2025-11-28T03:30Z"),
        ("Asia/Kathmandu", date(2025, 11, 28), "2025-11-27T03:15Z", "2025-11-28T03:15Z"),
        ("Australia/Lord_Howe", date(2025, 10, 5), "2025-10-03T22:00Z", "2025-10-04T22:00Z"),
        ("Pacific/Chatham", date(2025, 11, 28), "2025-11-26T19:15Z", "2025-11-27T19:15Z"),
    ],
)
def test_a_window_is_the_24_hours_before_its_end(zone: str, day: date, start: str, end: str) -> None:
    window = times(zone).window(times(zone).end_of(day))
    assert (iso(window.start_ms), iso(window.end_ms), window.day) == (start, end, day)


def test_a_time_that_the_change_of_clocks_leaves_out_still_makes_one_window() -> None:
    berlin = times("Europe/Berlin", "30 2 * * *")
    ends = berlin.between(ms("2025-03-28T12:00:00Z"), ms("2025-04-01T00:00:00Z"))
    assert [berlin.window(one).day for one in ends] == [date(2025, 3, 29), date(2025, 3, 30), date(2025, 3, 31)]


def test_a_time_that_clocks_show_twice_makes_one_window() -> None:
    berlin = times("Europe/Berlin", "30 2 * * *")
    ends = berlin.between(ms("2025-10-24T12:00:00Z"), ms("2025-10-28T00:00:00Z"))
    assert [berlin.window(one).day.day for one in ends] == [25, 26, 27]


@given(st.integers(ms("2024-01-01T00:00:00Z"), ms("2030-01-01T00:00:00Z")))
def test_a_message_that_was_sent_by_hand_stands_for_the_24_hours_before_it(at_ms: int) -> None:
    assert times("Europe/Berlin").due(at_ms, at_ms) == [at_ms]


@given(st.integers(ms("2024-01-01T00:00:00Z"), ms("2030-01-01T00:00:00Z")))
def test_the_last_time_is_no_more_than_a_day_ago(at_ms: int) -> None:
    end_ms = times("Europe/Berlin").last(at_ms)
    assert at_ms - 25 * 3_600_000 < end_ms <= at_ms < times("Europe/Berlin").after(end_ms)


def test_a_message_in_time_stands_for_its_own_time() -> None:
    assert [iso(one) for one in times().due(ms("2025-11-28T09:00:00Z"), ms("2025-11-28T09:00:03Z"))] == [
        "2025-11-28T09:00Z"
    ]


def test_a_message_after_days_without_a_scheduler_stands_for_all_that_were_missed() -> None:
    due = times().due(ms("2025-11-24T09:00:00Z"), ms("2025-11-28T10:00:00Z"))
    assert [iso(one)[8:10] for one in due] == ["24", "25", "26", "27", "28"]


def test_no_more_than_seven_are_made_up_for() -> None:
    due = times().due(ms("2025-01-01T09:00:00Z"), ms("2025-11-28T10:00:00Z"))
    assert len(due) == CATCH_UP_MAX
    assert iso(due[-1]) == "2025-11-28T09:00Z"


def test_days_off_have_no_window_of_their_own_unless_they_are_asked_for() -> None:
    weekdays = times(cron="0 9 * * 1-5")
    assert iso(weekdays.last(ms("2025-11-30T12:00:00Z"))) == "2025-11-28T09:00Z"
    # A Saturday: its 24 hours end with it.
    assert iso(weekdays.end_of(date(2025, 11, 29))) == "2025-11-30T00:00Z"


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_the_window_of_a_day_is_of_that_day(day: date, zone: str) -> None:
    window = times(zone).window(times(zone).end_of(day))
    assert window.day == day
    assert window.end_ms - window.start_ms == timedelta(hours=24) // timedelta(milliseconds=1)
