"""What the watch over the pipelines tells: each trouble when it begins, again while it lasts, and when it is over."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueCounts
from wipsie.queue.operations_signal import OperationsSignal
from wipsie.workers.pipeline_watch import (
    CALM_S,
    REPEAT_S,
    STUCK_AFTER_S,
    Memory,
    judge,
    look_at_breakers,
    look_at_queues,
    read_memory,
)

MINUTE_MS = 60_000
DEAD = {"mail": "mail_dlq"}


def counts(ready: int = 0, oldest_s: float | None = None, *, paused: bool = False) -> QueueCounts:
    return QueueCounts(
        queue=QueueName("q"),
        ready=ready,
        delayed=0,
        leased=0,
        blocked=0,
        oldest_ready_age_s=oldest_s,
        paused=paused,
    )


class Watch:
    """Looks once a minute, and goes through text between looks as between processes."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.now_ms = 1_000_000_000_000

    def look(self, queues: Mapping[str, QueueCounts], *, minutes: float = 1) -> list[tuple[str, str, str]]:
        self.now_ms += round(minutes * MINUTE_MS)
        seen, memory = look_at_queues(queues, DEAD, read_memory(self.memory.encode()), self.now_ms)
        signals, self.memory = judge(seen, memory, self.now_ms)
        return [(one.problem, one.subject, one.state) for one in signals]


def dead(count: int) -> dict[str, QueueCounts]:
    return {"mail": counts(), "mail_dlq": counts(ready=count)}


def waiting(oldest_s: float, *, paused: bool = False) -> dict[str, QueueCounts]:
    return {"mail": counts(ready=3, oldest_s=oldest_s, paused=paused), "mail_dlq": counts()}


GROWING = [("dead_letters_growing", "mail", "failing")]
STUCK = [("queue_stuck", "mail", "failing")]


def test_dead_letters_that_were_there_before_are_no_news() -> None:
    watch = Watch()
    assert watch.look(dead(7)) == []
    assert watch.look(dead(7)) == []
    assert watch.look(dead(3)) == []


def test_each_growth_of_dead_letters_is_told_and_a_quarter_of_an_hour_without_is_their_end() -> None:
    watch = Watch()
    watch.look(dead(1))
    assert watch.look(dead(2)) == GROWING
    assert watch.look(dead(2)) == []
    assert watch.look(dead(5)) == GROWING
    assert watch.look(dead(5), minutes=CALM_S / 60 - 1) == []
    assert watch.look(dead(5)) == [("dead_letters_growing", "mail", "recovered")]
    assert watch.look(dead(5), minutes=60) == []


def test_a_message_that_waits_long_and_does_not_move_makes_a_queue_stuck() -> None:
    watch = Watch()
    watch.look(waiting(STUCK_AFTER_S - 60))
    assert watch.look(waiting(STUCK_AFTER_S)) == STUCK
    assert watch.look(waiting(STUCK_AFTER_S + 60)) == []
    assert watch.look(waiting(STUCK_AFTER_S + 60 + REPEAT_S), minutes=REPEAT_S / 60) == STUCK
    assert watch.look(waiting(10)) == [("queue_stuck", "mail", "recovered")]


def test_a_long_queue_that_moves_is_not_stuck() -> None:
    watch = Watch()
    for _ in range(10):
        assert watch.look(waiting(STUCK_AFTER_S * 3)) == []


def test_the_first_look_ever_knows_no_before_and_tells_nothing() -> None:
    assert Watch().look(waiting(10_000)) == []


def test_a_paused_queue_stands_still_on_purpose() -> None:
    watch = Watch()
    for minute in range(10):
        assert watch.look(waiting(STUCK_AFTER_S + 60 * minute, paused=True)) == []


def test_a_breaker_is_trouble_until_it_is_closed() -> None:
    def look(state: str, memory: Memory, now_ms: int) -> tuple[list[OperationsSignal], Memory]:
        return judge(look_at_breakers({"smtp": {"state": state, "failures_in_row": 5}}), memory, now_ms)

    memory = Memory()
    told: list[str] = []
    for minute, state in enumerate(["closed", "open", "half_open", "open", "closed", "closed"]):
        signals, memory = look(state, memory, minute * MINUTE_MS)
        told += [f"{minute} {one.subject} {one.state}" for one in signals]
    assert told == ["1 smtp failing", "4 smtp recovered"]


def test_a_memory_of_another_version_is_begun_anew() -> None:
    assert read_memory(None) == read_memory("{}") == read_memory("[1]") == read_memory('{"at_ms": "x"}') == Memory()


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 2000), st.booleans()), max_size=40))
def test_failing_and_recovered_take_turns(looks: list[tuple[int, float, bool]]) -> None:
    watch = Watch()
    failing: set[tuple[str, str]] = set()
    for count, age_s, paused in looks:
        queues = {"mail": counts(ready=1, oldest_s=age_s, paused=paused), "mail_dlq": counts(ready=count)}
        for problem, subject, state in watch.look(queues, minutes=5):
            if state == "recovered":
                failing.remove((problem, subject))
            else:
                failing.add((problem, subject))
    assert {f"{problem}:queue:{subject}" for problem, subject in failing} == set(watch.memory.troubles)
