"""A vault without its doors: a database, an object store of each kind, keys, and what keeps reports."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from wipsie.blobs import BlobStore
from wipsie.testing.clock import FakeClock
from wipsie.testing.servers.moto import MotoServer

# For the modules that tests share.
sys.path.insert(0, str(Path(__file__).parent))

from link_visits import browser_of
from vault_room import OpenRoom, VaultRoom, audited_database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def open_room(tmp_path: Path, migrated_database_url: str, clock: FakeClock) -> AsyncIterator[OpenRoom]:
    """A function that opens a room of this test."""
    in_memory = BlobStore("memory://")
    async with AsyncExitStack() as stack:

        async def open_one(blobs: BlobStore | None = None, **settings: Any) -> VaultRoom:
            room = VaultRoom(
                tmp_path, audited_database(migrated_database_url, clock), clock, blobs or in_memory, **settings
            )
            await room.database.start()
            stack.push_async_callback(room.database.stop)
            return room

        yield open_one


@pytest.fixture
async def room(open_room: OpenRoom) -> VaultRoom:
    return await open_room()


@pytest.fixture
async def web(room: VaultRoom) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser without scripts."""
    async with browser_of(room) as session:
        yield session


@pytest.fixture(params=["file", "memory", "s3"])
def each_store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An object store of each kind."""
    if request.param == "s3":
        server: MotoServer = request.getfixturevalue("moto_server")
        return server.new_bucket()
    return BlobStore(f"file://{tmp_path}/blobs" if request.param == "file" else "memory://")
