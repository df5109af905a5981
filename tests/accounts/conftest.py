"""The house on SQLite and on PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from house import House, Visitor, open_house


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def house(migrated_database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """With somebody in every role."""
    async with open_house(migrated_database_url, tmp_path / "wipsie") as house:
        yield house


@pytest.fixture
async def stranger(house: House) -> Visitor:
    return await house.stranger()
