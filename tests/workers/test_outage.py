"""A store that is away for an hour is told in a few lines, not in thousands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wipsie.kernel.errors import StorageUnavailable
from wipsie.telemetry.logging import configure_logging, get_logger
from wipsie.testing.clock import FakeClock
from wipsie.workers.outage import CHANGE_S_MIN, REMIND_S, Outage


@pytest.fixture
def log(tmp_path: Path) -> Any:
    path = tmp_path / "log"
    configure_logging("INFO", "json", path)
    yield lambda: [json.loads(line) for line in path.read_text().splitlines()]
    configure_logging("WARNING")


def test_begin_and_end_are_one_line_each_however_often_it_fails(log: Any) -> None:
    clock = FakeClock()
    outage = Outage(get_logger("test"), "store_away", clock)
    for _ in range(100):
        outage.failed(StorageUnavailable("The server is away."), queue="default")
        clock.jump(1)
    assert outage.reason == "The server is away."
    outage.over()
    outage.over()
    begin, end = log()
    assert (begin["event"], begin["error"], begin["queue"]) == ("store_away", "The server is away.", "default")
    assert (end["event"], end["lasted_s"], end["failures"]) == ("store_away_ended", 100.0, 100)
    assert "exception" not in begin
    assert outage.reason is None


def test_another_reason_is_told_but_reasons_that_take_turns_are_not_told_each_time(log: Any) -> None:
    clock = FakeClock()
    outage = Outage(get_logger("test"), "store_away", clock)
    for turn in range(20):
        outage.failed(StorageUnavailable("refused" if turn % 2 else "timed out"))
        clock.jump(CHANGE_S_MIN / 5)
    assert len(log()) <= 1 + 20 / 5


def test_a_long_outage_is_told_again_now_and_then(log: Any) -> None:
    clock = FakeClock()
    outage = Outage(get_logger("test"), "store_away", clock)
    for _ in range(3):
        outage.failed(StorageUnavailable("away"))
        clock.jump(REMIND_S)
    assert [line["lasting_s"] for line in log()] == [0.0, REMIND_S, 2 * REMIND_S]


def test_an_error_nobody_foresaw_brings_its_traceback(log: Any) -> None:
    outage = Outage(get_logger("test"), "store_away", FakeClock())
    outage.failed(ValueError("strange"))
    (line,) = log()
    assert "ValueError: strange" in line["exception"]
