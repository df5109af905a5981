"""Machines with different clocks tell the same time when they share a store."""

from __future__ import annotations

from wipsie.queue.backend_kit.server_time import ServerTime
from wipsie.testing.clock import FakeClock


def test_before_the_server_was_asked_our_clock_counts() -> None:
    clock = FakeClock()
    assert ServerTime(clock).now_ms() == clock.now_ms()


def test_a_server_ahead_of_us_moves_our_time() -> None:
    clock = FakeClock()
    time = ServerTime(clock)
    asked_at_ms = clock.now_ms()
    clock.jump(0.1)
    time.observe(asked_at_ms + 60_050, asked_at_ms=asked_at_ms, answered_at_ms=clock.now_ms())
    assert time.ahead_ms == 60_000
    clock.jump(5)
    assert time.now_ms() == clock.now_ms() + 60_000


def test_a_slow_answer_does_not_spoil_a_good_one() -> None:
    clock = FakeClock()
    time = ServerTime(clock)
    now_ms = clock.now_ms()
    time.observe(now_ms + 500, asked_at_ms=now_ms, answered_at_ms=now_ms + 2)
    before = time.ahead_ms
    time.observe(now_ms + 900, asked_at_ms=now_ms, answered_at_ms=now_ms + 800)
    assert time.ahead_ms == before


def test_clocks_that_drifted_apart_are_noticed() -> None:
    clock = FakeClock()
    time = ServerTime(clock)
    now_ms = clock.now_ms()
    time.observe(now_ms, asked_at_ms=now_ms, answered_at_ms=now_ms)
    time.observe(now_ms + 5_010, asked_at_ms=now_ms, answered_at_ms=now_ms + 20)
    assert time.ahead_ms == 5_000


def test_a_test_that_owns_time_is_not_corrected() -> None:
    clock = FakeClock()
    time = ServerTime(clock, follow_server=False)
    time.observe(0, asked_at_ms=clock.now_ms(), answered_at_ms=clock.now_ms())
    assert time.now_ms() == clock.now_ms()
