"""What the runs of tasks hold of a person, and the end of it: their results and errors may name whom a task was about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.personal_text import person_named
from wipsie.slices.tasks.store import poll_sources_table
from wipsie.workers.run_log import task_runs_table

TEXTS: Mapping[Table, Sequence[str]] = {
    task_runs_table: ("result", "error", "traceback"),
    poll_sources_table: ("url", "last_error"),
}
QUEUES = "Messages in queues are kept until they are processed or expire, and are not looked through."


class TasksData:
    """A `PersonalData` of the slice: whatever names the person, by the name or address of their account."""

    async def export(self, connection: AsyncConnection, user_id: str) -> dict[str, Any]:
        """Runs and polled sources that name them."""
        found: dict[str, Any] = {"queues": QUEUES}
        person = await person_named(connection, user_id)
        if person is not None:
            for table, columns in TEXTS.items():
                rows = await person.rows(connection, table, columns)
                if rows:
                    found[table.name] = [dict(row) for row in rows]
        return found

    async def erase(self, connection: AsyncConnection, user_id: str, *, now_ms: int) -> dict[str, int]:
        """The runs stay, without their name and address."""
        del now_ms
        person = await person_named(connection, user_id)
        if person is None:
            return {}
        counts = {table.name: await person.take_out(connection, table, columns) for table, columns in TEXTS.items()}
        return {name: count for name, count in counts.items() if count}
