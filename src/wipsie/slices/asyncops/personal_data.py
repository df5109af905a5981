"""What the slice holds of a person, and the end of it.

Gone are their status updates, with all that hangs on them, whom they follow and what they chose; out of every text goes their
name and address. What they wrote as part of the team's work stays, by a former member: incidents, blockers, decisions,
comments, follow-ups, and their part in the timelines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, Table, Text, delete, or_, select, text, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.api_keys import api_keys_table
from wipsie.auth.personal_text import person_named
from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.database.personal_text import PersonalText
from wipsie.kernel.clock import iso_utc_ms
from wipsie.kernel.text_words import folded
from wipsie.slices.asyncops.store import search
from wipsie.slices.asyncops.store.followers import followers_table
from wipsie.slices.asyncops.store.hanging import remove_what_hangs_on
from wipsie.slices.asyncops.store.preferences import preferences_table
from wipsie.slices.asyncops.store.search import search_documents_table
from wipsie.slices.asyncops.store.status import status_updates_table
from wipsie.slices.asyncops.store.summaries import forget_in_summaries

TEXTS: Mapping[str, Sequence[str]] = {
    "status_updates": ("done", "next", "notes", "mood"),
    "incidents": ("title", "affected", "summary", "customer_impact", "dedupe_key"),
    "incident_components": ("component",),
    "follow_ups": ("text", "reason"),
    "postmortems": ("sections",),
    "blockers": ("title", "details", "waiting_name", "resolution"),
    "decisions": (
        "title",
        "context",
        "drivers",
        "options",
        "outcome",
        "consequences",
        "confirmation",
        "notes",
        "decision_makers",
        "consulted",
        "informed",
        "superseded_text",
        "source",
    ),
    "daily_summaries": ("content",),
    "comments": ("body",),
    "links": ("to_id",),
    "timeline_events": ("body", "data"),
    "search_documents": ("title", "body"),
}
"""By table: the columns with what people write, which may name anybody. The words of the search follow its texts."""
PEOPLE: Mapping[str, Sequence[str]] = {
    "status_updates": ("author", "created_by"),
    "incidents": ("created_by", "declared_by", "lead", "comms", "scribe"),
    "follow_ups": ("created_by", "owner"),
    "postmortems": ("created_by", "owner"),
    "blockers": ("created_by", "blocked", "waiting_on"),
    "decisions": ("created_by", "decision_makers", "consulted", "informed"),
    "daily_summaries": ("created_by", "content"),
    "comments": ("created_by",),
    "links": ("created_by",),
    "timeline_events": ("actor",),
    "followers": ("user_id",),
    "asyncops_preferences": ("user_id",),
}
"""By table: the columns that name people by their ids."""


class AsyncOpsData:
    """A `PersonalData` of the slice."""

    async def export(self, connection: AsyncConnection, user_id: str) -> dict[str, Any]:
        """By table: all rows that are theirs, that name them by id, or that name them in a text."""
        person = await person_named(connection, user_id)
        found: dict[str, Any] = {}
        for name in sorted({*TEXTS, *PEOPLE}):
            table = metadata.tables[name]
            rows = await _named(connection, table, PEOPLE.get(name, ()), user_id)
            if person is not None and name in TEXTS:
                rows += [row for row in await person.rows(connection, table, TEXTS[name]) if dict(row) not in rows]
            if rows:
                found[name] = [_plain(row) for row in rows]
        return found

    async def erase(self, connection: AsyncConnection, user_id: str, *, now_ms: int) -> dict[str, int]:
        """Rows removed or changed, by table."""
        del now_ms
        person = await person_named(connection, user_id)
        if person is None:
            return {}
        counts: dict[str, int] = {}
        theirs = status_updates_table.c.author == user_id
        updates = (await connection.execute(select(status_updates_table.c.id).where(theirs))).scalars().all()
        for update_id in updates:
            await remove_what_hangs_on(connection, update_id)
        counts["status_updates"] = (await connection.execute(delete(status_updates_table).where(theirs))).rowcount
        counts["daily_summaries"] = await forget_in_summaries(connection, user_id)
        for table in (followers_table, preferences_table):
            gone = await connection.execute(delete(table).where(table.c.user_id == user_id))
            counts[table.name] = gone.rowcount
        for name, columns in TEXTS.items():
            if name == "search_documents":
                taken = await _take_out_of_search(connection, person)
            elif name == "incident_components":
                taken = await _take_out_of_components(connection, person)
            else:
                taken = await person.take_out(connection, metadata.tables[name], columns)
            counts[name] = counts.get(name, 0) + taken
        if connection.dialect.name == "sqlite":
            # The index keeps words of documents that are gone until its parts are merged.
            await connection.execute(text("INSERT INTO search_index (search_index) VALUES ('rebuild')"))
        return {name: count for name, count in counts.items() if count}


async def _named(
    connection: AsyncConnection, table: Table, columns: Sequence[str], user_id: str
) -> list[Mapping[str, Any]]:
    if not columns:
        return []
    names = [user_id]
    if table.name == "timeline_events":
        keys = await connection.execute(select(api_keys_table.c.id).where(api_keys_table.c.user_id == user_id))
        names = [f"user:{user_id}", *(f"key:{key}" for key in keys.scalars())]
    conditions: list[ColumnElement[bool]] = []
    for column in (table.c[column] for column in columns):
        if isinstance(column.type, Json):
            # A list of ids.
            conditions += [type_coerce(column, Text).contains(f'"{name}"') for name in names]
        else:
            conditions.append(column.in_(names))
    wanted = select(table).where(or_(*conditions))
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


async def _take_out_of_search(connection: AsyncConnection, person: PersonalText) -> int:
    rows = await person.rows(connection, search_documents_table, TEXTS["search_documents"])
    for row in rows:
        title, body = person.without(row["title"]), person.without(row["body"])
        prefix = "" if row["reference"] == row["object_id"] or not row["title"] else f"{row['reference']} "
        await search.rewrite(
            connection,
            row["id"],
            title=title,
            body=body,
            title_words=folded(f"{prefix}{title}"),
            body_words=folded(body),
        )
    return len(rows)


async def _take_out_of_components(connection: AsyncConnection, person: PersonalText) -> int:
    """Their case is folded, and so are the names in them."""
    table = metadata.tables["incident_components"]
    folded_person = PersonalText(user_id=person.user_id, name=person.name.casefold(), email=person.email)
    taken = 0
    for row in await folded_person.rows(connection, table, ["component"]):
        await connection.execute(
            delete(table).where(table.c.component == row["component"], table.c.incident_id == row["incident_id"])
        )
        taken += 1
    return taken


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """With times as people read them."""
    plain = cast("dict[str, Any]", msgspec.to_builtins(dict(row)))
    return {
        name.removesuffix("_ms"): iso_utc_ms(value) if name.endswith("_at_ms") and value is not None else value
        for name, value in plain.items()
    }
