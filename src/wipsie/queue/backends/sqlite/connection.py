"""Open a queue file: pragmas, schema, and errors a person understands."""

from __future__ import annotations

import contextlib
from importlib import resources
from pathlib import Path

import apsw

from wipsie.kernel.errors import ConfigurationError, StorageUnavailable

SCHEMA_VERSION = 1
BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 16 * 1024
CHECKPOINT_PAGES = 4_000
"""Pages in the write-ahead log before it is written back: larger means fewer, longer pauses."""


def open_connection(path: Path, *, synchronous: str = "FULL", read_only: bool = False) -> apsw.Connection:
    """A connection to the queue file, created with its folder when missing. StorageUnavailable, ConfigurationError."""
    if synchronous not in ("FULL", "NORMAL", "EXTRA"):
        raise ConfigurationError(f"synchronous must be FULL, NORMAL or EXTRA, not '{synchronous}'.")
    try:
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=128)
    except (apsw.Error, OSError) as error:
        raise StorageUnavailable(f"The queue file {path} cannot be opened: {error}.", retry_after_s=5) from error
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if not read_only:
            _prepare(connection, path, synchronous)
    except apsw.Error as error:
        connection.close()
        raise StorageUnavailable(f"The queue file {path} cannot be used: {error}.", retry_after_s=5) from error
    except ConfigurationError:
        connection.close()
        raise
    return connection


def _prepare(connection: apsw.Connection, path: Path, synchronous: str) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_PAGES * 4096 * 4}")
    connection.execute("BEGIN IMMEDIATE")
    with contextlib.ExitStack() as undo:
        undo.callback(connection.execute, "ROLLBACK")
        version = connection.pragma("user_version")
        if version == 0:
            schema = resources.files(__package__).joinpath("schema.sql").read_text("utf-8")
            connection.execute(schema)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise ConfigurationError(
                f"The queue file {path} has schema version {version}, this Wipsie reads {SCHEMA_VERSION}; "
                "use the Wipsie that wrote it, or another file."
            )
        undo.pop_all()
    connection.execute("COMMIT")
