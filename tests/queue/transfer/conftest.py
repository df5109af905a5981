"""Lets the tests of moving import what they share, and gives them two stores."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.testing.clock import FakeClock

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def here(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteQueueBackend]:
    """The store messages leave."""
    backend = SqliteQueueBackend(tmp_path / "here.db", clock=clock)
    await backend.start()
    yield backend
    await backend.stop()


@pytest.fixture
async def there(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteQueueBackend]:
    """The store they arrive at."""
    backend = SqliteQueueBackend(tmp_path / "there.db", clock=clock)
    await backend.start()
    yield backend
    await backend.stop()
