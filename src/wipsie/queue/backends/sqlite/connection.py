"""Open a queue file: pragmas, schema, and errors a person understands."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, cast

import apsw

from wipsie.kernel.clock import SYSTEM_CLOCK, block
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable


class Statements(Protocol):
    """The part of `apsw.Cursor` used here, with complete types: columns are what the schema says they are."""

    def execute(self, statements: str, bindings: Sequence[Any] | Mapping[str, Any] = ..., /) -> Statements: ...

    def fetchone(self) -> tuple[Any, ...] | None: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


def statements(connection: apsw.Connection) -> Statements:
    """A cursor of the connection."""
    return cast(Statements, connection.cursor())


SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 10.0
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
        connection.set_busy_handler(_Patience().wait)
        cursor = statements(connection)
        cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if not read_only:
            _prepare(cursor, path, synchronous)
    except apsw.Error as error:
        connection.close()
        raise StorageUnavailable(f"The queue file {path} cannot be used: {error}.", retry_after_s=5) from error
    except ConfigurationError:
        connection.close()
        raise
    return connection


class DiskWait:
    """Whether a commit waits for the disk, chosen for each transaction: what only processes have to see need not."""

    def __init__(self, cursor: Statements, synchronous: str) -> None:
        self._cursor = cursor
        self._wanted = self._now = synchronous

    def choose(self, *, wait: bool) -> None:
        """Before a transaction. Without waiting, a power cut may lose it; the order of commits is kept all the same."""
        synchronous = self._wanted if wait else "NORMAL"
        if synchronous != self._now:
            self._cursor.execute(f"PRAGMA synchronous = {synchronous}")
            self._now = synchronous


class _Patience:
    """Waits for the lock of another process. SQLite's own way sleeps longer and longer, up to a tenth of a second; the lock has no
    queue, so whoever asks less often than others gets it last."""

    def __init__(self) -> None:
        self._until = 0.0

    def wait(self, calls: int) -> bool:
        """Called by SQLite, with how often it did so for the same lock: whether to try again."""
        if calls == 0:
            self._until = SYSTEM_CLOCK.monotonic() + BUSY_TIMEOUT_S
        elif SYSTEM_CLOCK.monotonic() >= self._until:
            return False
        block(0.001 if calls < 50 else 0.005)
        return True


def _prepare(cursor: Statements, path: Path, synchronous: str) -> None:
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(f"PRAGMA synchronous = {synchronous}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    cursor.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_PAGES * 4096 * 4}")
    cursor.execute("BEGIN IMMEDIATE")
    with contextlib.ExitStack() as undo:
        undo.callback(cursor.execute, "ROLLBACK")
        (version,) = cursor.execute("PRAGMA user_version").fetchone() or (0,)
        if version == 0:
            schema = resources.files("wipsie.queue.backends.sqlite").joinpath("schema.sql").read_text("utf-8")
            cursor.execute(schema)
            cursor.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise ConfigurationError(
                f"The queue file {path} has schema version {version}, this Wipsie reads {SCHEMA_VERSION}; "
                "use the Wipsie that wrote it, or another file."
            )
        undo.pop_all()
    cursor.execute("COMMIT")
