"""Any sequence of calls leaves the Amazon SQS backend where the model says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.testing.queue_contract import BackendFactory
from wipsie.testing.queue_contract.blind_state_machine import blind_queue_state_machine


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_short_stories_end_where_the_model_ends(sqs_url: str, aws_session: object) -> None:
    def in_folder(folder: Path) -> BackendFactory:
        del folder
        return lambda clock: SqsQueueBackend(sqs_url, clock=clock, session=aws_session)

    profile = settings(
        max_examples=4,
        stateful_step_count=20,
        deadline=None,
        # The same examples in every run.
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        phases=(Phase.explicit, Phase.generate),
    )
    run_state_machine_as_test(blind_queue_state_machine(in_folder), settings=profile)
