"""Which driver errors mean "the store cannot work now", and how they are told to callers.

What the data did wrong (a broken constraint, a bad type) and what the code did wrong (no such table) is not a failure of
the store: those errors reach the caller as SQLAlchemy raised them.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from wipsie.kernel.errors import ConfigurationError, StorageUnavailable

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
_POSTGRES_ADVICE = {
    "25006": "the server takes no writes here: it is a standby, or this is a transaction for reading",
    "25P03": "a transaction stood idle for too long and was ended; do outside work outside of it",
    "40001": "another transaction was faster; try again",
    "40P01": "another transaction was in the way; try again",
    "53100": "the server's disk is full; free some space there",
    "53200": "the server has no memory left; give it more",
    "53300": "the server takes no more connections; lower DATABASE_POOL_SIZE or raise its max_connections",
    "55P03": "a row or table is locked by another transaction; try again",
    "57014": "a statement took too long and was cancelled; try again",
    "57P01": "the server is shutting down or ended the connection; try again",
    "57P02": "the server crashed; it recovers by itself",
    "57P03": "the server is starting up; try again",
    "57P05": "the server ended an idle connection; try again",
    "58030": "the server's disk reports an error; check it",
    "XX001": "the server reports damaged data; restore it from a backup",
    "XX002": "the server reports a damaged index; rebuild it (REINDEX)",
}
"""By SQLSTATE, see the PostgreSQL manual, appendix A."""
_POSTGRES_CLASS_ADVICE = {
    "08": "the connection to the server was lost; try again",
    "53": "the server lacks resources; give it more",
    "57": "the server ended the work at hand; try again",
    "58": "the server's system reports an error; see its log",
}
_POSTGRES_LATER = frozenset({"25006", "53100", "53200", "58030", "XX001", "XX002"})
POSTGRES_GONE = frozenset({"25006", "25P03", "57P01", "57P02", "57P05"})
"""The server closes the connection with, or right after, these; or it has become a standby, and the address leads to
another one by now."""
_POOL_GAVE_UP = "This connection is closed"
"""What SQLAlchemy's pool says when the connection it opened in place of a dead one is dead too."""
RETRY_SOON_S = 1.0
RETRY_LATER_S = 5.0
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})


def sqlite_code(error: BaseException) -> int | None:
    """The primary SQLite result code behind an error of SQLAlchemy or sqlite3, or None."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def postgres_state(error: BaseException) -> str | None:
    """The SQLSTATE behind an error of SQLAlchemy or asyncpg, or None."""
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_busy(error: BaseException) -> bool:
    """Whether another process holds the SQLite write lock."""
    return sqlite_code(error) in _BUSY


def as_configuration_error(error: StorageUnavailable) -> ConfigurationError | None:
    """The same as ConfigurationError when waiting will not help, only a change of a setting; else None."""
    if "setting" not in error.details:
        return None
    return ConfigurationError(error.message, details=error.details)


def outcome_unknown(error: StorageUnavailable) -> StorageUnavailable:
    """The same, said of a commit during which the server was lost: it may have happened or not."""
    return StorageUnavailable(
        f"{error.message.removesuffix('.')}; whether the last change was stored is not known, so look before you repeat it.",
        details={**error.details, "outcome": "unknown"},
        retry_after_s=error.retry_after_s,
    )


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
            retry_after_s=RETRY_SOON_S if code in _BUSY else RETRY_LATER_S,
        )
    if isinstance(error, PoolTimeout):
        return StorageUnavailable(
            "Database: all connections are busy; try again, or raise DATABASE_POOL_SIZE.", retry_after_s=RETRY_SOON_S
        )
    if type(error) is InvalidRequestError and str(error).startswith(_POOL_GAVE_UP):
        return StorageUnavailable(
            "Database: the server closes new connections at once; see whether it is starting up or shutting down.",
            retry_after_s=RETRY_SOON_S,
        )
    if not isinstance(error, DBAPIError):
        return None
    state = postgres_state(error)
    advice = _POSTGRES_ADVICE.get(state or "") or _POSTGRES_CLASS_ADVICE.get((state or "")[:2])
    if advice is None and error.connection_invalidated:
        advice = _POSTGRES_CLASS_ADVICE["08"]
    if advice is None:
        return None
    return StorageUnavailable(
        f"Database: {advice}.",
        details={"cause": str(error.orig)},
        retry_after_s=RETRY_LATER_S if state in _POSTGRES_LATER else RETRY_SOON_S,
    )
