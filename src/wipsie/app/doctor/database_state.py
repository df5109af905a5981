"""The database as checks need it: opened for a moment, if it has the schema of this version."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from wipsie.app.settings import Settings
from wipsie.kernel.clock import SystemClock

if TYPE_CHECKING:
    from wipsie.database import Database


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    """The database, for one check."""
    from wipsie.database import Database

    database = Database(settings.database.url, clock=SystemClock())
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


async def is_ready(settings: Settings) -> bool:
    """Whether the database has the schema of this version."""
    from wipsie.database import migrator

    url = settings.database.url
    return await migrator.current(url) is not None and not await migrator.pending(url)
