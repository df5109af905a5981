"""The database alone, for commands: beside a running Wipsie or without one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wipsie.app.audit import build_audit_log
from wipsie.app.serve import prepare_database
from wipsie.app.settings import Settings
from wipsie.database import Database
from wipsie.kernel.clock import Clock


@asynccontextmanager
async def opened_database(settings: Settings, clock: Clock) -> AsyncGenerator[Database]:
    """The database, which must be up to date on a server; what is changed in it is audited."""
    await prepare_database(settings, migrate=False)
    database = Database(settings.database.url, clock=clock)
    database.record_with(build_audit_log(settings, clock))
    await database.start()
    try:
        yield database
    finally:
        await database.stop()
