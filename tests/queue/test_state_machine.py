"""Any sequence of calls leaves the SQLite backend where the model says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.queue_contract.state_machine import queue_state_machine


def in_folder(folder: Path) -> BackendFactory:
    # NORMAL: these runs are about logic; what a power cut leaves is not asked.
    return lambda clock: SqliteQueueBackend(folder / "queue.db", clock=clock, synchronous="NORMAL")


def profile(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        # The same examples in every run; `wipsie.testing.queue_contract.state_machine` explores in a user's profile.
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )


Run = Callable[[int, int], None]


@pytest.fixture
def run() -> Run:
    machine = queue_state_machine(in_folder)
    return lambda examples, steps: run_state_machine_as_test(machine, settings=profile(examples, steps))


def test_short_stories_end_where_the_model_ends(run: Run) -> None:
    run(15, 50)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_long_stories_end_where_the_model_ends(run: Run) -> None:
    run(40, 50)
