"""Accounts on SQLite and on PostgreSQL, with passwords that cost little to hash, and a clock that stands still."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from auth_parts import AuthParts, open_auth_parts


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def parts(migrated_database_url: str) -> AsyncGenerator[AuthParts]:
    async with open_auth_parts(migrated_database_url) as parts:
        yield parts
