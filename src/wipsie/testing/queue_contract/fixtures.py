"""Fixtures of the contract suite; a user's module overrides `backend_factory` and, where needed, the others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from wipsie.kernel.clock import Clock, SystemClock
from wipsie.testing.clock import FakeClock
from wipsie.testing.queue_contract.workbench import BackendFactory, QueueBench


@pytest.fixture
def backend_factory() -> BackendFactory:
    """Override this: a function of a clock that makes a backend on the store under test."""
    raise NotImplementedError(
        "Define a fixture 'backend_factory' that returns a function from a Clock to a QueueBackend."
    )


@pytest.fixture
def controls_time() -> bool:
    """Override with False when the store keeps time of its own; the suite then waits for real."""
    return True


@pytest.fixture
def patience_s(controls_time: bool) -> float:
    """How long a message that was sent may take to be seen. Override with 0 when a store with time of its own shows it at
    once: a suite that waits for real is over sooner."""
    return 0.0 if controls_time else 1.0


@pytest.fixture
def crowd() -> int:
    """How many messages are many. Override with fewer when the store under test is slow."""
    return 1000


@pytest.fixture
def clock(controls_time: bool) -> Clock:
    return FakeClock() if controls_time else SystemClock()


@pytest_asyncio.fixture
async def bench(
    backend_factory: BackendFactory, clock: Clock, controls_time: bool, patience_s: float, crowd: int
) -> AsyncIterator[QueueBench]:
    bench = QueueBench(backend_factory, clock, controls_time=controls_time, patience_s=patience_s, crowd=crowd)
    await bench.start()
    try:
        yield bench
    finally:
        await bench.stop()
