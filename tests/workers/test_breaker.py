"""The circuit breaker, state by state."""

from __future__ import annotations

import asyncio

import pytest

from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.workers.breaker import BreakerOpen, BreakerRegistry, BreakerSettings, BreakerState, CircuitBreaker


async def _fail(breaker: CircuitBreaker, error: Exception | None = None) -> None:
    with pytest.raises(Exception, match="down"):
        async with breaker:
            raise error or ConnectionError("down")


async def _succeed(breaker: CircuitBreaker) -> None:
    async with breaker:
        pass


async def test_failures_in_a_row_open_it_and_a_success_between_them_starts_the_row_anew() -> None:
    breaker = CircuitBreaker("x", clock=FakeClock(), settings=BreakerSettings(failures_max=3))
    await _fail(breaker)
    await _fail(breaker)
    await _succeed(breaker)
    await _fail(breaker)
    await _fail(breaker)
    assert breaker.state is BreakerState.CLOSED
    await _fail(breaker)
    assert breaker.state is BreakerState.OPEN
    with pytest.raises(BreakerOpen) as refused:
        await _succeed(breaker)
    assert refused.value.retry_after_s == 30.0


async def test_a_share_of_failures_in_the_window_opens_it() -> None:
    settings = BreakerSettings(failures_max=100, failure_ratio=0.5, calls_min=10)
    breaker = CircuitBreaker("x", clock=FakeClock(), settings=settings)
    for _ in range(4):
        await _succeed(breaker)
        await _fail(breaker)
    await _succeed(breaker)
    assert breaker.state is BreakerState.CLOSED
    await _fail(breaker)
    assert breaker.state is BreakerState.OPEN


async def test_half_open_lets_one_call_try_and_its_success_closes() -> None:
    clock = FakeClock()
    breaker = CircuitBreaker("x", clock=clock, settings=BreakerSettings(failures_max=1, open_s=10))
    await _fail(breaker)
    clock.jump(10)
    entered, finish = asyncio.Event(), asyncio.Event()

    async def probe() -> None:
        async with breaker:
            entered.set()
            await finish.wait()

    task = asyncio.create_task(probe())
    await entered.wait()
    assert breaker.state is BreakerState.HALF_OPEN
    with pytest.raises(BreakerOpen):
        await _succeed(breaker)
    finish.set()
    await task
    assert breaker.state is BreakerState.CLOSED


async def test_a_failed_probe_opens_again_for_the_whole_time() -> None:
    clock = FakeClock()
    breaker = CircuitBreaker("x", clock=clock, settings=BreakerSettings(failures_max=1, open_s=10))
    await _fail(breaker)
    clock.jump(10)
    await _fail(breaker)
    assert breaker.state is BreakerState.OPEN
    assert breaker.retry_after_s() == 10


async def test_a_cancelled_probe_frees_its_place() -> None:
    clock = FakeClock()
    breaker = CircuitBreaker("x", clock=clock, settings=BreakerSettings(failures_max=1, open_s=10))
    await _fail(breaker)
    clock.jump(10)

    async def probe() -> None:
        async with breaker:
            await asyncio.Event().wait()

    task = asyncio.create_task(probe())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _succeed(breaker)
    assert breaker.state is BreakerState.CLOSED


async def test_errors_the_dependency_answered_in_good_health_do_not_count() -> None:
    settings = BreakerSettings(failures_max=1)
    breaker = CircuitBreaker(
        "x", clock=FakeClock(), settings=settings, is_failure=lambda error: not isinstance(error, LookupError)
    )
    await _fail(breaker, LookupError("not found, but not down"))
    assert breaker.state is BreakerState.CLOSED


async def test_a_registry_shares_breakers_and_metrics_show_them() -> None:
    metrics = Metrics()
    registry = BreakerRegistry(FakeClock(), metrics)
    breaker = registry.get("smtp", BreakerSettings(failures_max=1))
    assert registry.get("smtp") is breaker
    await _fail(breaker)
    assert registry.status() == {"smtp": {"state": "open", "failures_in_row": 1, "retry_after_s": 30.0}}
    page = metrics.render().decode()
    assert 'circuit_breaker_state{name="smtp"} 2.0' in page
    assert 'circuit_breaker_transitions_total{name="smtp",to="open"} 1.0' in page
