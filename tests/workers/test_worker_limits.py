"""Concurrency, keys, rates, breakers and pauses."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from wipsie.testing.eventually import eventually
from wipsie.workers.breaker import BreakerSettings, CircuitBreaker
from wipsie.workers.handler import RateLimit, Retry
from wipsie.workers.rate_limiter import RateLimiter


def _key(message: Any) -> str:
    return message.data["key"]


def _broken_key(message: Any) -> str:
    return message.data["missing"]


class Gauge:
    """Counts who is inside, by key."""

    def __init__(self) -> None:
        self.inside: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.gate = asyncio.Semaphore(0)
        self.order: list[int] = []

    async def run(self, message: Any, context: Any) -> None:
        key = message.data.get("key", "")
        self.inside[key] = self.inside.get(key, 0) + 1
        self.most[key] = max(self.most.get(key, 0), self.inside[key])
        self.order.append(message.data.get("n", 0))
        await self.gate.acquire()
        self.inside[key] -= 1


async def test_no_more_handlers_run_at_once_than_the_queue_has_slots(workshop: Any) -> None:
    gauge = Gauge()
    workshop.handler(gauge.run)
    for _ in range(10):
        await workshop.send()
    await workshop.start_worker(concurrency=3)
    await eventually(lambda: gauge.inside.get("") == 3)
    for _ in range(10):
        gauge.gate.release()
    await workshop.until_empty()
    assert gauge.most[""] == 3


async def test_a_worker_of_slow_handlers_takes_only_what_it_can_start(workshop: Any) -> None:
    gauge = Gauge()
    workshop.handler(gauge.run)
    for _ in range(10):
        await workshop.send()
    await workshop.start_worker(concurrency=3)
    await eventually(lambda: gauge.inside.get("") == 3)
    await workshop.clock.settle()
    counts = await workshop.counts()
    assert (counts.leased, counts.ready) == (3, 7)
    gauge.gate = asyncio.Semaphore(100)


async def test_a_handler_with_a_limit_of_its_own_leaves_slots_to_others(workshop: Any) -> None:
    narrow, wide = Gauge(), Gauge()
    workshop.handler(narrow.run, task_type="narrow", concurrency=1)
    workshop.handler(wide.run, task_type="wide")
    for number in range(6):
        await workshop.send({"n": number}, task_type="narrow")
    for _ in range(3):
        await workshop.send(task_type="wide")
    await workshop.start_worker(concurrency=4)
    await eventually(lambda: wide.inside.get("") == 3 and narrow.inside.get("") == 1)
    for _ in range(6):
        narrow.gate.release()
        wide.gate.release()
    await workshop.until_empty()
    assert narrow.most[""] == 1
    assert narrow.order == [0, 1, 2, 3, 4, 5]


async def test_messages_with_one_key_run_one_after_the_other_and_in_order(workshop: Any) -> None:
    gauge = Gauge()
    workshop.handler(gauge.run, concurrency_key=_key)
    for number in range(4):
        await workshop.send({"key": "a", "n": number})
    await workshop.send({"key": "b", "n": 100})
    await workshop.start_worker(concurrency=4)
    await eventually(lambda: gauge.inside == {"a": 1, "b": 1})
    for _ in range(5):
        gauge.gate.release()
    await workshop.until_empty()
    assert gauge.most == {"a": 1, "b": 1}
    assert [number for number in gauge.order if number < 100] == [0, 1, 2, 3]


async def test_what_finds_no_room_to_wait_goes_back_uncounted(workshop: Any) -> None:
    gauge = Gauge()
    workshop.handler(gauge.run, concurrency_key=_key)
    for _ in range(5):
        await workshop.send({"key": "one"})
    await workshop.start_worker(concurrency=2, aside_max=1)
    await eventually(lambda: gauge.inside.get("one") == 1)
    await workshop.until_delayed(3)
    assert {message.receive_count for message in await workshop.engine.peek(workshop.queue())} == {0, 1}
    for _ in range(10):
        gauge.gate.release()

    async def is_done() -> bool:
        await workshop.pass_time(1.1)
        return (await workshop.counts()).total == 0

    await eventually(is_done)
    assert gauge.most["one"] == 1


async def test_a_key_function_that_raises_fails_the_message_and_nothing_else(workshop: Any) -> None:
    async def handler(message: Any, context: Any) -> None: ...

    workshop.handler(handler, concurrency_key=_broken_key)
    message_id = await workshop.send()
    worker = await workshop.start_worker()
    (run,) = await workshop.runs(message_id)
    assert (run.status, run.error) == ("retried", "KeyError: 'missing'")
    assert worker.status()["healthy"]


async def test_a_rate_limit_spreads_the_starts_and_counts_no_attempt(workshop: Any) -> None:
    starts: list[float] = []

    async def handler(message: Any, context: Any) -> None:
        starts.append(workshop.clock.monotonic())
        assert context.attempt == 1

    workshop.handler(handler, rate_limit=RateLimit(count=2, period_s=1.0))
    for _ in range(6):
        await workshop.send()
    await workshop.start_worker()
    await eventually(lambda: len(starts) == 1)

    async def all_started() -> bool:
        await workshop.clock.advance(0.25)
        return len(starts) == 6

    await eventually(all_started)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= 0.5
    await workshop.until_empty()


def test_a_rate_limit_holds_in_every_window() -> None:
    limiter = RateLimiter(RateLimit(count=10, period_s=1.0))
    starts = [step / 100 for step in range(1000) if limiter.try_start(step / 100) == 0.0]
    for start in starts:
        assert sum(start <= other < start + 0.999 for other in starts) <= 10
    assert len(starts) >= 90


def test_everybody_sent_away_gets_a_turn_of_his_own() -> None:
    limiter = RateLimiter(RateLimit(count=1, period_s=2.0))
    assert limiter.try_start(0.0) == 0.0
    assert [limiter.try_start(0.0) for _ in range(3)] == [2.0, 4.0, 6.0]
    assert limiter.try_start(2.0) == 0.0


async def test_an_open_breaker_costs_no_attempts(workshop: Any) -> None:
    breaker = CircuitBreaker(
        "mail", clock=workshop.clock, settings=BreakerSettings(failures_max=1, open_s=60), metrics=workshop.metrics
    )
    with pytest.raises(ConnectionError):
        async with breaker:
            raise ConnectionError("down")
    attempts: list[int] = []

    async def handler(message: Any, context: Any) -> str:
        attempts.append(context.attempt)
        async with breaker:
            return "sent"

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()
    await workshop.until_delayed()
    (waiting,) = await workshop.engine.peek(workshop.queue())
    assert waiting.receive_count == 0
    assert await workshop.run_log.runs_of(message_id) == []
    await workshop.pass_time(61)
    (run,) = await workshop.runs(message_id)
    assert (run.status, run.attempt) == ("succeeded", 1)
    assert attempts == [1, 1]


async def test_an_uncounted_retry_costs_no_attempt(workshop: Any) -> None:
    calls: list[int] = []

    async def handler(message: Any, context: Any) -> None:
        calls.append(context.attempt)
        if len(calls) < 10:
            raise Retry("not yet", after_s=1, counted=False)

    workshop.handler(handler)
    message_id = await workshop.send()
    await workshop.start_worker()

    async def is_done() -> bool:
        await workshop.pass_time(1)
        return len(calls) == 10

    await eventually(is_done)
    (run,) = await workshop.runs(message_id)
    assert run.attempt == 1


async def test_a_paused_queue_starts_nothing_until_it_is_resumed(workshop: Any) -> None:
    calls: list[str] = []

    async def handler(message: Any, context: Any) -> None:
        calls.append(message.id)

    workshop.handler(handler)
    await workshop.engine.pause(workshop.queue())
    await workshop.start_worker()
    await workshop.send()
    await workshop.clock.settle()
    assert calls == []
    await workshop.engine.resume(workshop.queue())
    await workshop.until_empty()
    assert len(calls) == 1


async def test_one_queue_does_not_wait_for_another(workshop: Any) -> None:
    stuck = Gauge()
    workshop.handler(stuck.run, queue="other")

    async def handler(message: Any, context: Any) -> None: ...

    workshop.handler(handler)
    for _ in range(20):
        await workshop.send(queue="other")
    await workshop.start_worker(concurrency=2)
    await eventually(lambda: stuck.inside.get("") == 2)
    await workshop.send()
    await workshop.until_empty("default")
    stuck.gate = asyncio.Semaphore(100)


async def test_a_queue_that_gave_nothing_for_a_long_wait_is_left_alone_for_the_idle_pause(workshop: Any) -> None:
    seen: list[Any] = []

    async def handler(message: Any, context: Any) -> None:
        seen.append(message)

    workshop.handler(handler)
    worker = await workshop.start_worker(idle_pause_s_by_queue={"default": 30.0})
    await workshop.clock.advance(21)
    await workshop.send()
    await workshop.clock.advance(25)
    assert not seen
    await workshop.clock.advance(6)
    await eventually(lambda: len(seen) == 1)
    # After a message the next is fetched at once, and a stop need not wait for the end of the pause.
    await workshop.send()
    await eventually(lambda: len(seen) == 2)
    await workshop.clock.advance(21)
    await worker.drain()
    assert worker.state == "stopped"
