"""Moments at which a scheduler's process kills itself, chosen by what its database is about to do or has just done."""

from __future__ import annotations

import os
import signal
from typing import Any

from sqlalchemy import event

from wipsie.database import Database

MOMENTS = ("before the fire", "after the fire", "before the record", "never")
"""before the fire: its transaction is complete but not committed. after the fire: committed, nothing sent yet.
before the record: the message was sent, the outbox still holds it."""


def arrange(database: Database, moment: str) -> None:
    """Let this process die at a moment."""
    if moment == "never":
        return
    sign = "DELETE FROM outbox" if moment == "before the record" else "UPDATE schedules"
    die_at(database, sign, committed=moment == "after the fire")


def die_at(database: Database, sign: str, *, committed: bool) -> None:
    """Let this process die when a statement that begins with `sign` has changed a row: right before its transaction is
    committed, or right after."""

    def look(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        # Whoever was not first changes no row.
        if statement.startswith(sign) and cursor.rowcount > 0:
            connection.info["wipsie_fatal"] = True

    def die_if_seen(connection_or_record: Any) -> None:
        if connection_or_record.info.get("wipsie_fatal"):
            os.kill(os.getpid(), signal.SIGKILL)

    def returned(_connection: object, record: Any) -> None:
        die_if_seen(record)

    engine = database.engine.sync_engine
    event.listen(engine, "after_cursor_execute", look)
    if committed:
        # The connection goes back to its pool right after the commit.
        event.listen(engine, "checkin", returned)
    else:
        event.listen(engine, "commit", die_if_seen)
