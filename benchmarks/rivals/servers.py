"""The servers the rivals run on: the same, with the same settings, as those Wipsie is measured with."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.scenario import Settings, Skipped
from benchmarks.stores import postgres_server, postgres_settings, redis_server, redis_settings
from wipsie.testing.servers import ServerMissing

APPENDFSYNC = {"redis": "always", "redis_everysec": "everysec"}
"""By store name."""


@contextmanager
def rival_redis(directory: Path, store: str) -> Generator[tuple[str, Settings]]:
    """URL and settings of a running Redis. Skipped when there is none."""
    appendfsync = APPENDFSYNC[store]
    try:
        with redis_server(directory / "redis", appendfsync=appendfsync) as server:
            yield server.url(), redis_settings(server, appendfsync=appendfsync)
    except ServerMissing as missing:
        raise Skipped(f"needs {missing.program}. {missing.how_to_get_it}") from None


@contextmanager
def rival_postgresql(directory: Path) -> Generator[tuple[str, Settings]]:
    """URL of an empty database and settings of a running PostgreSQL. Skipped when there is none."""
    try:
        with postgres_server(directory / "postgresql") as server:
            yield server.create_database("rival"), postgres_settings(server)
    except ServerMissing as missing:
        raise Skipped(f"needs {missing.program}. {missing.how_to_get_it}") from None
