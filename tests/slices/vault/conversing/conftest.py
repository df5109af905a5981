"""Conversations on real parts: both databases, one Redis, and as many processes as a test wants."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

# For the modules that tests share.
sys.path.insert(0, str(Path(__file__).parent))

from crowd import Crowd

from wipsie.audit import AuditKeys, AuditLog
from wipsie.blobs.sealing import GivenKeys, KeyHolder, KeyRing
from wipsie.database import Database
from wipsie.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(clock: FakeClock) -> KeyHolder:
    return KeyHolder(GivenKeys([bytes(range(32))]), clock)


@pytest.fixture
async def ring(keys: KeyHolder) -> KeyRing:
    return await keys.ring()


@pytest.fixture
async def database(migrated_database_url: str, clock: FakeClock) -> AsyncIterator[Database]:
    database = Database(migrated_database_url, clock=clock, pool_size=4, max_overflow=12)
    database.record_with(AuditLog(lambda: AuditKeys([b"k" * 32]), clock))
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def crowd(database: Database, keys: KeyHolder, clock: FakeClock, tmp_path: Path) -> Crowd:
    return Crowd(database, keys, clock, tmp_path)
