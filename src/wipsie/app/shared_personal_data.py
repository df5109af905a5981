"""What the tables that all parts share hold of a person: mail that waits to be sent, answers kept for repeats, schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.personal_text import person_named
from wipsie.database.answers import idempotent_answers_table
from wipsie.database.outbox import outbox_table
from wipsie.workers.schedules import schedules_table

_WAITING: Mapping[Table, Sequence[str]] = {
    outbox_table: ("body", "attributes", "group_id", "deduplication_id", "origin", "error"),
    idempotent_answers_table: ("body", "location"),
}
_KEPT: Mapping[Table, Sequence[str]] = {schedules_table: ("message", "last_error")}
TEXTS: Mapping[Table, Sequence[str]] = {**_WAITING, **_KEPT}


class SharedData:
    """A `PersonalData` of what belongs to no slice: whatever names the person, by the name or address of their account."""

    async def export(self, connection: AsyncConnection, user_id: str) -> dict[str, Any]:
        """Rows that name them."""
        person = await person_named(connection, user_id)
        found: dict[str, Any] = {}
        if person is not None:
            for table, columns in TEXTS.items():
                rows = await person.rows(connection, table, columns)
                if rows:
                    found[table.name] = [dict(row) for row in rows]
        return found

    async def erase(self, connection: AsyncConnection, user_id: str, *, now_ms: int) -> dict[str, int]:
        """Messages that wait and answers that are kept for a day are dropped; schedules stay, without name and address."""
        del now_ms
        person = await person_named(connection, user_id)
        if person is None:
            return {}
        counts: dict[str, int] = {}
        for table, columns in _WAITING.items():
            (key,) = table.primary_key.columns
            rows = await person.rows(connection, table, columns)
            for row in rows:
                await connection.execute(delete(table).where(key == row[key.key]))
            counts[table.name] = len(rows)
        for table, columns in _KEPT.items():
            counts[table.name] = await person.take_out(connection, table, columns)
        return {name: count for name, count in counts.items() if count}
