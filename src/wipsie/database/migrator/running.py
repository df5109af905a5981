"""Runs revisions with Alembic, in the transaction of a connection."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection

from wipsie.database.migrator.revisions import BASE, MIGRATIONS
from wipsie.kernel.errors import InternalError


def run_revisions(connection: Connection, direction: Literal["upgrade", "downgrade"], to: str) -> None:
    """Apply or undo revisions until the database is at `to`. InternalError when rows refer to what is not there any more."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if direction == "upgrade":
        command.upgrade(config, to)
    else:
        command.downgrade(config, "base" if to == BASE else to)
    if (
        connection.dialect.name == "sqlite"
        and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None
    ):
        raise InternalError(
            "A migration broke a foreign key and was undone; report it with the output of wipsie doctor."
        )
