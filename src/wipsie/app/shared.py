"""From REDIS_URL to the store of what all processes share."""

from __future__ import annotations

from wipsie.app.settings import Settings
from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore, SharedStore
from wipsie.kernel.clock import Clock


def build_shared_store(settings: Settings, database: Database, clock: Clock) -> SharedStore:
    """Redis where there is one, the database otherwise; not started. ConfigurationError."""
    url = settings.shared.redis_url
    if not url:
        return DatabaseSharedStore(database, clock=clock)
    from wipsie.database.shared_store.redis_store import RedisSharedStore

    return RedisSharedStore(url, clock=clock)
