"""Any sequence of calls leaves the PostgreSQL backend where the model says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.queue_contract.state_machine import queue_state_machine
from wipsie.testing.servers import PostgresServer


def profile(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        # The same examples in every run.
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )


Run = Callable[[int, int], None]


@pytest.fixture
def run(postgres_server: PostgresServer) -> Iterator[Run]:
    # The server that does not wait for the disk: in these stories nothing is killed.
    name = f"stories_{os.urandom(6).hex()}"
    url = postgres_server.create_database(name)

    def in_schema_of(folder: Path) -> BackendFactory:
        # Each story is told from the beginning: in a schema of its own.
        schema = f"queue_{''.join(sign for sign in folder.name.lower() if sign.isalnum())}"
        return lambda clock: PostgresQueueBackend(url, clock=clock, schema=schema, follow_server_time=False)

    machine = queue_state_machine(in_schema_of)
    yield lambda examples, steps: run_state_machine_as_test(machine, settings=profile(examples, steps))
    postgres_server.drop_database(name)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_short_stories_end_where_the_model_ends(run: Run) -> None:
    run(10, 40)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_long_stories_end_where_the_model_ends(run: Run) -> None:
    run(40, 50)
