"""Any sequence of calls leaves the Redis backend where the model says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.queue_contract.state_machine import queue_state_machine
from wipsie.testing.servers.redis import RedisServer


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
def run(redis_server: RedisServer) -> Run:
    def in_folder(folder: Path) -> BackendFactory:
        # Each example has a folder of its own, and here a namespace of the same name.
        return lambda clock: RedisQueueBackend(
            redis_server.url(), clock=clock, namespace=folder.name, follow_server_time=False
        )

    machine = queue_state_machine(in_folder)
    return lambda examples, steps: run_state_machine_as_test(machine, settings=profile(examples, steps))


def test_short_stories_end_where_the_model_ends(run: Run) -> None:
    run(4, 40)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_long_stories_end_where_the_model_ends(run: Run) -> None:
    run(40, 50)
