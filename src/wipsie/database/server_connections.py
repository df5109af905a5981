"""Connections to a PostgreSQL server: how they are opened, found dead before they are used, and given up in time.

Nothing waits for ever: opening has a time-out; the server ends statements and idle transactions that take too long; and
should the server itself fall silent, the driver gives up a little later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from wipsie.database.encryption import encryption_advice
from wipsie.database.failures import POSTGRES_GONE, RETRY_LATER_S, RETRY_SOON_S, postgres_state
from wipsie.database.late_returns import close_what_comes_back_late
from wipsie.database.urls import DatabaseUrl, ServerAddress
from wipsie.kernel import json
from wipsie.kernel.errors import InternalError, StorageUnavailable

STATEMENT_TIMEOUT_S = 30.0
IDLE_TRANSACTION_TIMEOUT_S = 120.0
POOL_TIMEOUT_S = 30.0
_SILENCE_S = 5.0
"""How much longer than the server the driver waits for a statement."""
_PING_AFTER_IDLE_S = 5.0
"""A connection that closed is seen without asking; one that a firewall forgot is not."""
_PING_TIMEOUT_S = 3.0
_RENEW_AFTER_S = 1800
_STATEMENTS_KEPT = 200

_REFUSED = {
    "28000": "the server refuses this user; check user, password and the server's pg_hba.conf",
    "28P01": "the server refuses this user and password; check them",
    "3D000": "there is no database of this name on the server; create it or check the name",
    "42501": "this user may not connect to the database; grant it CONNECT",
}
_NOT_READY = {
    "53300": "the server takes no more connections; lower DATABASE_POOL_SIZE or raise its max_connections",
    "57P03": "the server is starting up or shutting down",
}


def server_engine(
    url: DatabaseUrl,
    *,
    pool_size: int,
    max_overflow: int,
    pool_timeout_s: float = POOL_TIMEOUT_S,
    statement_timeout_s: float | None = STATEMENT_TIMEOUT_S,
) -> AsyncEngine:
    """An engine over a database server. Opens nothing yet.

    `pool_timeout_s`: how long a caller waits for a connection when all are in use. `statement_timeout_s` None sets no bound,
    for migrations.
    """
    if url.server is None:
        raise InternalError("A database server was asked for where there is a file; report this.")
    engine = create_async_engine(
        url.driver_url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_timeout_s,
        pool_recycle=_RENEW_AFTER_S,
        connect_args={
            "async_creator_fn": _connector(url.server, statement_timeout_s),
            "prepared_statement_cache_size": 0 if url.server.is_behind_pooler else _STATEMENTS_KEPT,
            # Without a name a statement lasts as long as its use, and the next client of the pooler never meets it.
            "prepared_statement_name_func": _no_name if url.server.is_behind_pooler else None,
        },
        json_serializer=json.encode_text,
        json_deserializer=json.decode,
        # Values are people's: an error that names them would carry them into logs and run results.
        hide_parameters=True,
    )
    close_what_comes_back_late(engine)
    event.listen(engine.sync_engine, "checkin", _note_idle_since)
    event.listen(engine.sync_engine, "checkout", _refuse_dead)
    event.listen(engine.sync_engine, "handle_error", _give_up)
    return engine


def _connector(server: ServerAddress, statement_timeout_s: float | None) -> Callable[[], Awaitable[Any]]:
    settings: dict[str, str] = {}
    if not server.is_behind_pooler:
        # A pooler refuses settings it cannot keep apart; there the driver's own time-out must do.
        settings["idle_in_transaction_session_timeout"] = str(round(IDLE_TRANSACTION_TIMEOUT_S * 1000))
        if statement_timeout_s is not None:
            settings["statement_timeout"] = str(round(statement_timeout_s * 1000))
    options: dict[str, Any] = {
        "dsn": server.dsn,
        "timeout": server.connect_timeout_s,
        "command_timeout": None if statement_timeout_s is None else statement_timeout_s + _SILENCE_S,
        "server_settings": settings,
        # SQLAlchemy keeps the statements itself.
        "statement_cache_size": 0,
    }

    async def connect() -> Any:
        import asyncpg

        from wipsie.database.copying_connection import CopyingConnection

        try:
            return await asyncpg.connect(**options, connection_class=CopyingConnection)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise _unreachable(server, error) from error

    return connect


def _unreachable(server: ServerAddress, error: Exception) -> StorageUnavailable:
    state = postgres_state(error) or ""
    if state in _REFUSED:
        sentence = f"Database: {_REFUSED[state]} in DATABASE_URL ({server.shown})."
        # Told apart at the start, where waiting would not help; see `Database.start`.
        return StorageUnavailable(
            sentence, details={"setting": "DATABASE_URL", "sqlstate": state}, retry_after_s=RETRY_LATER_S
        )
    if (advice := encryption_advice(error, server.dsn)) is not None:
        return StorageUnavailable(
            f"Database: {advice}, in DATABASE_URL ({server.shown}).",
            details={"setting": "DATABASE_URL"},
            retry_after_s=RETRY_LATER_S,
        )
    if isinstance(error, TimeoutError):
        reason = f"it does not answer within {server.connect_timeout_s:g} s"
    else:
        reason = _NOT_READY.get(state) or str(error) or type(error).__name__
    return StorageUnavailable(
        f"Database: {server.shown} cannot be reached ({reason}); see that it runs, or check DATABASE_URL.",
        details={"address": server.shown},
        retry_after_s=RETRY_SOON_S,
    )


def _no_name() -> str:
    return ""


def _note_idle_since(connection: Any, record: Any) -> None:
    if connection is not None:
        record.info["idle_since_s"] = _loop_time()


def _refuse_dead(connection: Any, record: Any, _proxy: Any) -> None:
    """Called when a connection leaves the pool: SQLAlchemy opens another one in its place."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError("The server closed the connection.")
    idle_since_s = record.info.get("idle_since_s")
    if idle_since_s is None or _loop_time() - idle_since_s < _PING_AFTER_IDLE_S:
        return
    try:
        connection.run_async(_ping)
    except Exception as error:
        raise InvalidatePoolError("The server does not answer on this connection.") from error


async def _ping(driver_connection: Any) -> None:
    # The simple protocol: one message each way and nothing that lasts, which a pooler likes too.
    await driver_connection.execute(";", timeout=_PING_TIMEOUT_S)


def _give_up(context: ExceptionContext) -> StorageUnavailable | None:
    """Called for every error of a statement: a connection that is gone, or silent, is not used again."""
    error = context.original_exception
    if isinstance(error, OSError | TimeoutError):
        context.is_disconnect = True
        silent = isinstance(error, TimeoutError)
        sentence = "the server does not answer" if silent else "the connection to the server was lost"
        return StorageUnavailable(
            f"Database: {sentence}; try again.", details={"cause": str(error)}, retry_after_s=RETRY_SOON_S
        )
    if postgres_state(error) in POSTGRES_GONE:
        context.is_disconnect = True
    return None


def _loop_time() -> float:
    # Idle time is measured on the pool's own loop: nothing durable depends on it, and no test has to move it.
    return asyncio.get_running_loop().time()
