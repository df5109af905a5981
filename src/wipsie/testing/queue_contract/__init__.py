"""One behavioural suite for every queue backend, split by verb.

In a test module of your backend::

    from wipsie.testing.queue_contract import *

    @pytest.fixture
    def backend_factory(tmp_path):
        return lambda clock: MyBackend(tmp_path / "queue.db", clock=clock)

Every call of the factory opens the same store. When the store keeps time of its own, add a fixture `controls_time` that
returns False; the suite then waits for real. What the backend declares it cannot do is checked to be refused. More
fixtures to override are in `fixtures`. Needs pytest and pytest-asyncio.
"""

from __future__ import annotations

import pytest

_SUITES = (
    "workbench",
    "change_visibility",
    "concurrency",
    "counts",
    "dead_letter",
    "deduplication",
    "delete",
    "fifo",
    "key_concurrency",
    "order",
    "pause",
    "peek",
    "purge",
    "queues",
    "receive",
    "redrive",
    "restart",
    "retention",
    "send",
    "sharing",
    "waiting",
)
# Before they are imported below: a failed assertion should show its values in a user's run too.
pytest.register_assert_rewrite(*(f"{__name__}.{suite}" for suite in _SUITES))

from wipsie.testing.queue_contract.change_visibility import TestChangeVisibility  # noqa: E402
from wipsie.testing.queue_contract.concurrency import TestConcurrency  # noqa: E402
from wipsie.testing.queue_contract.counts import TestCounts  # noqa: E402
from wipsie.testing.queue_contract.dead_letter import TestDeadLetter  # noqa: E402
from wipsie.testing.queue_contract.deduplication import TestDeduplication  # noqa: E402
from wipsie.testing.queue_contract.delete import TestDelete  # noqa: E402
from wipsie.testing.queue_contract.fifo import TestFifo  # noqa: E402
from wipsie.testing.queue_contract.fixtures import (  # noqa: E402
    backend_factory,
    bench,
    clock,
    controls_time,
    crowd,
    patience_s,
)
from wipsie.testing.queue_contract.key_concurrency import TestKeyConcurrency  # noqa: E402
from wipsie.testing.queue_contract.order import TestOrder  # noqa: E402
from wipsie.testing.queue_contract.pause import TestPause  # noqa: E402
from wipsie.testing.queue_contract.peek import TestPeek  # noqa: E402
from wipsie.testing.queue_contract.purge import TestPurge  # noqa: E402
from wipsie.testing.queue_contract.queues import TestQueues  # noqa: E402
from wipsie.testing.queue_contract.receive import TestReceive  # noqa: E402
from wipsie.testing.queue_contract.redrive import TestRedrive  # noqa: E402
from wipsie.testing.queue_contract.restart import TestRestart  # noqa: E402
from wipsie.testing.queue_contract.retention import TestRetention  # noqa: E402
from wipsie.testing.queue_contract.send import TestSend  # noqa: E402
from wipsie.testing.queue_contract.sharing import TestSharing  # noqa: E402
from wipsie.testing.queue_contract.waiting import TestWaiting  # noqa: E402
from wipsie.testing.queue_contract.workbench import BackendFactory, QueueBench, refused  # noqa: E402 (see above)

__all__ = [
    "BackendFactory",
    "QueueBench",
    "refused",
    "backend_factory",
    "bench",
    "clock",
    "controls_time",
    "crowd",
    "patience_s",
    "TestChangeVisibility",
    "TestConcurrency",
    "TestCounts",
    "TestDeadLetter",
    "TestDeduplication",
    "TestDelete",
    "TestFifo",
    "TestKeyConcurrency",
    "TestOrder",
    "TestPause",
    "TestPeek",
    "TestPurge",
    "TestQueues",
    "TestReceive",
    "TestRedrive",
    "TestRestart",
    "TestRetention",
    "TestSend",
    "TestSharing",
    "TestWaiting",
]
