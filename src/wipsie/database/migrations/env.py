"""Runs revisions on the connection the migrator hands over, inside the migrator's transaction."""

from __future__ import annotations

from alembic import context

from wipsie.database.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes most things about a table only by writing a new one.
    render_as_batch=True,
)
context.run_migrations()
