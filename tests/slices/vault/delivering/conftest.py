"""Deliveries on both databases, with keys and a clock that stands still."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sending_desk import SendingDesk, open_desk

from wipsie.blobs.sealing import GivenKeys, KeyHolder, KeyRing
from wipsie.database import Database
from wipsie.testing.clock import FakeClock

KEK = bytes(range(32))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(clock: FakeClock) -> KeyHolder:
    return KeyHolder(GivenKeys([KEK]), clock)


@pytest.fixture
async def ring(keys: KeyHolder) -> KeyRing:
    return await keys.ring()


@pytest.fixture
async def database(migrated_database_url: str, clock: FakeClock) -> AsyncIterator[Database]:
    database = Database(migrated_database_url, clock=clock)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
async def desk(database: Database, keys: KeyHolder, clock: FakeClock) -> AsyncIterator[SendingDesk]:
    async with open_desk(database, keys, clock) as desk:
        yield desk
