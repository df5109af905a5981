"""The tables of the vault on both databases, with keys and a clock that stands still."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

# For the modules that tests share.
sys.path.insert(0, str(Path(__file__).parent))

from wipsie.blobs.sealing import GivenKeys, KeyHolder, KeyRing
from wipsie.database import Database
from wipsie.testing.clock import FakeClock

OLD_KEY, KEY = bytes(range(32, 64)), bytes(range(32))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def ring(clock: FakeClock) -> KeyRing:
    return await KeyHolder(GivenKeys([KEY]), clock).ring()


@pytest.fixture
async def old_ring(clock: FakeClock) -> KeyRing:
    """Before the key was changed."""
    return await KeyHolder(GivenKeys([OLD_KEY]), clock).ring()


@pytest.fixture
async def both_ring(clock: FakeClock) -> KeyRing:
    """While it is being changed."""
    return await KeyHolder(GivenKeys([KEY, OLD_KEY]), clock).ring()


@pytest.fixture
async def database(migrated_database_url: str, clock: FakeClock) -> AsyncIterator[Database]:
    database = Database(migrated_database_url, clock=clock, synchronous="OFF", pool_size=4, max_overflow=12)
    await database.start()
    yield database
    await database.stop()
