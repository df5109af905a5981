"""The Amazon SQS backend keeps the contract of every queue backend, less what it declares."""

from __future__ import annotations

import pytest
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]  (library without types)

from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory

# It waits for real: SQS counts in seconds of its own.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def session() -> object:
    """One for all tests: reading what it reads of the service takes a tenth of a second."""
    return get_session()


@pytest.fixture
def backend_factory(sqs_url: str, session: object) -> BackendFactory:
    return lambda clock: SqsQueueBackend(sqs_url, clock=clock, session=session)


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
