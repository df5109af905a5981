"""The office on SQLite and on PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wipsie.testing.office import Office, open_office


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def office(migrated_database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """A team at work."""
    async with open_office(migrated_database_url, tmp_path / "wipsie") as office:
        yield office
