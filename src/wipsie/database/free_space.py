"""Overwrites what deleted and changed rows leave behind in the file of a database."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

from wipsie.database.urls import parse_database_url
from wipsie.kernel.errors import StorageUnavailable

_WAIT_S_MAX = 30.0


async def overwrite_free_space(url: str) -> bool:
    """SQLite: write the file anew without its free pages (VACUUM), and cut the write-ahead log off, which holds pages as they
    were. Writers wait meanwhile. A server keeps house by itself: False. StorageUnavailable when the file cannot be had.

    VACUUM, and not `secure_delete`: that would only care for what is deleted from now on, not for what was left behind before.
    """
    path = parse_database_url(url).path
    if path is None:
        return False
    await asyncio.to_thread(_vacuum, str(path))
    return True


def _vacuum(path: str) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_S_MAX, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return
            problem = "somebody reads from it all the time"
    except sqlite3.Error as error:
        problem = str(error)
    raise StorageUnavailable(
        f"The free space of the database file could not be overwritten: {problem}. What was deleted is deleted; do it again "
        "for the free space.",
        retry_after_s=5.0,
    )
