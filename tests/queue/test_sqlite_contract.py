"""The SQLite backend keeps the contract of every queue backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.testing.queue_contract import *  # noqa: F403 (the suite is collected here)
from wipsie.testing.queue_contract import BackendFactory


@pytest.fixture
def backend_factory(tmp_path: Path) -> BackendFactory:
    path = tmp_path / "queue.db"
    return lambda clock: SqliteQueueBackend(path, clock=clock)
