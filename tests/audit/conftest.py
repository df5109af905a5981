"""An audit log on SQLite and on PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from audit_parts import KEY, Intruder, Objects

from wipsie.audit import AuditKeys, AuditLog
from wipsie.database import Database
from wipsie.kernel.clock import SystemClock


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def log() -> AuditLog:
    return AuditLog(lambda: AuditKeys([KEY]), SystemClock())


@pytest.fixture
async def database(migrated_database_url: str, log: AuditLog) -> AsyncGenerator[Database]:
    database = Database(migrated_database_url, clock=SystemClock(), pool_size=4, max_overflow=4)
    database.record_with(log)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def intruder(database: Database) -> Intruder:
    return Intruder(database)
