"""The Amazon SQS backend keeps the contract of every queue backend, less what it declares."""

from __future__ import annotations

import pytest

from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory

# It waits for real: SQS counts in seconds of its own.
pytestmark = pytest.mark.slow


@pytest.fixture
def backend_factory(sqs_url: str, aws_session: object) -> BackendFactory:
    return lambda clock: SqsQueueBackend(sqs_url, clock=clock, session=aws_session)


@pytest.fixture
def controls_time() -> bool:
    return False


@pytest.fixture
def patience_s() -> float:
    return 0.0


@pytest.fixture
def crowd() -> int:
    """The server looks at every message of a queue for each request."""
    return 100
