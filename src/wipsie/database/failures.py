"""Which driver errors mean "the store cannot work now", and how they are told to callers.

What the data did wrong (a broken constraint, a bad type) and what the code did wrong (no such table) is not a failure of
the store: those errors reach the caller as SQLAlchemy raised them.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from wipsie.kernel.errors import StorageUnavailable

_SQLITE_ADVICE = {
    sqlite3.SQLITE_BUSY: "another process is writing to the database; try again",
    sqlite3.SQLITE_LOCKED: "another process is writing to the database; try again",
    sqlite3.SQLITE_PROTOCOL: "another process is writing to the database; try again",
    sqlite3.SQLITE_NOMEM: "the machine has no memory left; free some",
    sqlite3.SQLITE_READONLY: "the database is read-only; check the owner and rights of its file and folder",
    sqlite3.SQLITE_PERM: "the database may not be opened; check the owner and rights of its file and folder",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened; check the path and rights of its file and folder",
    sqlite3.SQLITE_IOERR: "the disk reports an error; check the disk",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged; restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the database file is damaged or something else; check DATABASE_URL",
}
_RETRY_SOON_S = 1.0
_RETRY_LATER_S = 5.0
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})


def sqlite_code(error: BaseException) -> int | None:
    """The primary SQLite result code behind an error of SQLAlchemy or sqlite3, or None."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def is_busy(error: BaseException) -> bool:
    """Whether another process held the SQLite write lock for longer than the busy time-out."""
    return sqlite_code(error) in _BUSY


def as_unavailable(error: SQLAlchemyError) -> StorageUnavailable | None:
    """StorageUnavailable with a hint what to do, when `error` means that the store cannot work now; else None."""
    code = sqlite_code(error)
    if code is not None:
        advice = _SQLITE_ADVICE.get(code)
        if advice is None:
            return None
        return StorageUnavailable(
            f"Database: {advice}.",
            details={"cause": str(getattr(error, "orig", error))},
            retry_after_s=_RETRY_SOON_S if code in _BUSY else _RETRY_LATER_S,
        )
    if isinstance(error, PoolTimeout):
        return StorageUnavailable(
            "Database: all connections are busy; try again, or raise DB_POOL_SIZE.", retry_after_s=_RETRY_SOON_S
        )
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StorageUnavailable(
            "Database: the connection was lost; try again.",
            details={"cause": str(error.orig)},
            retry_after_s=_RETRY_SOON_S,
        )
    return None
