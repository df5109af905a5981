"""SQLAlchemy engines over SQLite files as Wipsie needs them: who writes, who reads.

Python's own transaction control is switched off (isolation level None) and BEGIN is said here, because only then are
SELECTs, DDL and savepoints part of the transaction. A writer says BEGIN IMMEDIATE: it takes the write lock before it reads,
so a transaction never fails half way because somebody else wrote first.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from wipsie.database.late_returns import close_what_comes_back_late
from wipsie.database.one_step_driver import connect
from wipsie.database.urls import DatabaseUrl
from wipsie.kernel import json
from wipsie.kernel.clock import SYSTEM_CLOCK, block

BUSY_TIMEOUT_MS = 5_000
POOL_TIMEOUT_S = 30.0
_AGAIN_S = 0.005


def sqlite_engine(
    url: DatabaseUrl,
    *,
    writes: bool,
    pool_size: int,
    max_overflow: int,
    synchronous: str,
    pool_timeout_s: float = POOL_TIMEOUT_S,
    foreign_keys: bool = True,
) -> AsyncEngine:
    """An engine over one SQLite file, for writing (BEGIN IMMEDIATE) or for reading only. Opens nothing yet."""
    engine = create_async_engine(
        url.driver_url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_timeout_s,
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "async_creator_fn": partial(connect, writes=writes),
        },
        json_serializer=json.encode_text,
        json_deserializer=json.decode,
        # Values are people's: an error that names them would carry them into logs and run results.
        hide_parameters=True,
    )
    pragmas = [
        f"PRAGMA synchronous={synchronous}",
        f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}",
        "PRAGMA temp_store=MEMORY",
    ]
    if not writes:
        # A write on a reading connection would fight the writer for the lock; it is told so instead.
        pragmas.append("PRAGMA query_only=ON")

    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def on_begin(connection: Connection) -> None:
        if writes:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            driver_connection: Any = connection.connection.driver_connection
            driver_connection.begin_with_next_statement()

    close_what_comes_back_late(engine)
    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    return engine


def prepare_sqlite_file(path: Path) -> None:
    """Create the folder of a SQLite database and switch the file to WAL, which readers and the writer share without
    waiting for each other. Blocking; sqlite3.Error and OSError as they come."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
    until = SYSTEM_CLOCK.monotonic() + BUSY_TIMEOUT_MS / 1000
    try:
        while not _switched_to_wal(connection):
            if SYSTEM_CLOCK.monotonic() >= until:
                raise sqlite3.OperationalError("database is locked")
            block(_AGAIN_S)
    finally:
        connection.close()


def _switched_to_wal(connection: sqlite3.Connection) -> bool:
    """False while another process does the same: of two that switch a fresh file at once, SQLite refuses one without a wait."""
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
