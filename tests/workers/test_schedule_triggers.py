from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wipsie.kernel.errors import InvalidInput
from wipsie.workers.triggers import CrontabTrigger, IntervalTrigger, make_trigger, preview


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def fires(cron: str, start: str, count: int = 3, timezone: str = "UTC") -> list[str]:
    times = preview(cron=cron, every_s=None, timezone=timezone, from_ms=ms(start), count=count)
    return [datetime.fromtimestamp(time / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M") for time in times]


# 2026-01-01 is a Thursday.
@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("0", ["2026-01-04", "2026-01-11", "2026-01-18"]),
        ("7", ["2026-01-04", "2026-01-11", "2026-01-18"]),
        ("1", ["2026-01-05", "2026-01-12", "2026-01-19"]),
        ("SUN", ["2026-01-04", "2026-01-11", "2026-01-18"]),
        ("1-5", ["2026-01-01", "2026-01-02", "2026-01-05"]),
        ("mon-fri", ["2026-01-01", "2026-01-02", "2026-01-05"]),
        ("6,0", ["2026-01-03", "2026-01-04", "2026-01-10"]),
        ("5-7", ["2026-01-02", "2026-01-03", "2026-01-04"]),
        ("fri-sun", ["2026-01-02", "2026-01-03", "2026-01-04"]),
        ("*/2", ["2026-01-01", "2026-01-03", "2026-01-04"]),
        ("1-5/2", ["2026-01-02", "2026-01-05", "2026-01-07"]),
        ("*", ["2026-01-01", "2026-01-02", "2026-01-03"]),
    ],
)
def test_days_of_the_week_are_numbered_from_sunday(weekdays: str, days: list[str]) -> None:
    assert fires(f"0 9 * * {weekdays}", "2026-01-01T00:00:00") == [f"{day} 09:00" for day in days]


def test_a_day_of_month_or_a_day_of_week_is_enough_when_both_are_given() -> None:
    assert fires("0 0 13 * 5", "2026-01-01T12:00:00", 4) == [
        "2026-01-02 00:00",
        "2026-01-09 00:00",
        "2026-01-13 00:00",
        "2026-01-16 00:00",
    ]


def test_a_fire_is_always_later_than_the_time_asked_for() -> None:
    trigger = CrontabTrigger("*/5 * * * *", "UTC")
    noon = ms("2026-01-01T12:00:00")
    assert trigger.next_ms(after_ms=noon - 1) == noon
    assert trigger.next_ms(after_ms=noon) == noon + 300_000
    assert trigger.next_ms(after_ms=noon + 1) == noon + 300_000


def test_macros_are_understood() -> None:
    assert fires("@hourly", "2026-01-01T00:30:00", 1) == ["2026-01-01 01:00"]
    assert fires("@weekly", "2026-01-01T00:30:00", 1) == ["2026-01-04 00:00"]


def test_wall_clock_times_follow_the_time_zone_over_both_changes_of_clocks() -> None:
    assert fires("0 9 * * *", "2026-03-27T12:00:00", 3, "Europe/Berlin") == [
        "2026-03-28 08:00",
        "2026-03-29 07:00",
        "2026-03-30 07:00",
    ]
    assert fires("0 9 * * *", "2026-10-23T12:00:00", 3, "Europe/Berlin") == [
        "2026-10-24 07:00",
        "2026-10-25 08:00",
        "2026-10-26 08:00",
    ]


def test_a_time_that_the_clocks_skip_fires_once_and_one_they_repeat_fires_once() -> None:
    assert fires("30 2 * * *", "2026-03-28T12:00:00", 2, "Europe/Berlin") == ["2026-03-29 01:30", "2026-03-30 00:30"]
    assert fires("30 2 * * *", "2026-10-24T12:00:00", 2, "Europe/Berlin") == ["2026-10-25 00:30", "2026-10-26 01:30"]


def test_every_hour_means_every_hour_also_in_the_repeated_one() -> None:
    assert fires("30 * * * *", "2026-10-24T23:45:00", 3, "Europe/Berlin") == [
        "2026-10-25 00:30",
        "2026-10-25 01:30",
        "2026-10-25 02:30",
    ]
    assert fires("30 * * * *", "2026-03-28T23:45:00", 3, "Europe/Berlin") == [
        "2026-03-29 00:30",
        "2026-03-29 01:30",
        "2026-03-29 02:30",
    ]


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "* * * * 8", "* * * * 5/2", "* * * * wed-mon", "a b c d e", "@never"],
)
def test_what_is_no_crontab_is_refused_with_an_example(cron: str) -> None:
    with pytest.raises(InvalidInput, match="Example") as refused:
        CrontabTrigger(cron, "UTC")
    assert refused.value.details["value"] == cron


def test_a_date_that_never_comes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="ever comes"):
        CrontabTrigger("0 0 30 2 *", "UTC").next_ms(after_ms=0)


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_what_is_no_time_zone_is_refused(timezone: str) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        CrontabTrigger("* * * * *", timezone)


def test_an_interval_keeps_its_grid_however_late_it_is_asked() -> None:
    trigger = IntervalTrigger(10)
    assert trigger.next_ms(after_ms=1_000, anchor_ms=1_000) == 11_000
    assert trigger.next_ms(after_ms=11_001, anchor_ms=1_000) == 21_000
    assert trigger.next_ms(after_ms=1_000_000_007, anchor_ms=1_000) == 1_000_001_000


@pytest.mark.parametrize("every_s", [0, -1, 0.5, 1e12, float("nan"), float("inf")])
def test_an_interval_is_a_second_to_a_year(every_s: float) -> None:
    with pytest.raises(InvalidInput, match="every_s"):
        IntervalTrigger(every_s)


def test_a_schedule_has_one_trigger() -> None:
    with pytest.raises(InvalidInput, match="either"):
        make_trigger(cron=None, every_s=None, timezone="UTC")
    with pytest.raises(InvalidInput, match="either"):
        make_trigger(cron="* * * * *", every_s=60, timezone="UTC")
