"""Builds the search index anew from the records: after an upgrade that finds more, or when it is in doubt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, literal, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent
from wipsie.slices.asyncops.desk import SLICE, reference_of
from wipsie.slices.asyncops.store import search
from wipsie.slices.asyncops.store.comments import comments_table
from wipsie.slices.asyncops.store.search import COMMENT, NOTE, search_documents_table
from wipsie.slices.asyncops.store.timeline import timeline_events_table
from wipsie.slices.asyncops.subjects import Subject, Subjects

_AT_ONCE = 200
"""Documents of one transaction: others write in between."""
_PARTS = {COMMENT: comments_table, NOTE: timeline_events_table}

Progress = Callable[[int, int], None]
"""(documents written, of how many)."""


async def reindex(database: Database, subjects: Subjects, actor: str, on_progress: Progress | None = None) -> int:
    """Write every document anew, the oldest first, and drop those of nothing; how many were written. People search meanwhile.
    StorageUnavailable."""
    started_ms = database.clock.now_ms()
    async with database.read() as connection:
        wanted = await _all(connection, subjects)
    written: set[str] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        async with database.begin() as connection:
            await _write(connection, subjects, some)
        written.update(object_id for _, object_id in some)
        if on_progress is not None:
            on_progress(min(start + _AT_ONCE, len(wanted)), len(wanted))
    async with database.unit_of_work() as unit:
        await _forget_others(unit.connection, written, started_ms)
        if unit.connection.dialect.name == "sqlite":
            await unit.connection.execute(text("INSERT INTO search_index (search_index) VALUES ('optimize')"))
        unit.record(
            AuditEvent(
                actor=actor,
                action=f"{SLICE}:search:reindex",
                object="search:documents",
                facts={"documents": len(wanted)},
            )
        )
    return len(wanted)


async def _all(connection: AsyncConnection, subjects: Subjects) -> list[tuple[str, str]]:
    """Kind and id of everything that is found, in the order of its last change."""
    columns = [
        select(literal(subject.kind.name), subject.table.table.c.id, subject.table.table.c.updated_at_ms)
        for subject in subjects
    ]
    comments, events = comments_table.c, timeline_events_table.c
    columns.append(select(literal(COMMENT), comments.id, comments.updated_at_ms))
    with_text = events.body.is_not(None) & (events.body != "")
    columns.append(select(literal(NOTE), events.id, events.recorded_at_ms).where(with_text))
    every = union_all(*columns).subquery()
    kind, object_id, changed = every.c
    rows = await connection.execute(select(kind, object_id).order_by(changed, object_id))
    return [(row[0], row[1]) for row in rows]


async def _write(connection: AsyncConnection, subjects: Subjects, some: Sequence[tuple[str, str]]) -> None:
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for kind, object_id in some:
        by_kind[kind].append(object_id)
    writes: dict[str, Mapping[str, Any]] = {}
    for kind, ids in by_kind.items():
        if kind in _PARTS:
            writes |= await _parts(connection, kind, ids)
        else:
            writes |= await _records(connection, subjects[kind], ids)
    for kind, object_id in some:
        # Removed since: then it is not written.
        if (values := writes.get(object_id)) is not None:
            await (search.put_part if kind in _PARTS else search.put)(connection, kind=kind, **values)


async def _records(connection: AsyncConnection, subject: Subject, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    table = subject.table.table
    rows = await connection.execute(select(table).where(table.c.id.in_(ids)).with_for_update())
    records = [subject.table.of_row(row) for row in rows.mappings()]
    found = await subject.findables(connection, records)
    return {
        record.id: {
            "object_id": record.id,
            "reference": reference_of(subject.kind, record),
            "title": findable.title,
            "body": findable.body,
            "restricted": findable.restricted,
            "now_ms": record.updated_at_ms,
        }
        for record, findable in zip(records, found, strict=True)
    }


async def _parts(connection: AsyncConnection, kind: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    table = _PARTS[kind]
    at = table.c.updated_at_ms if kind == COMMENT else table.c.recorded_at_ms
    wanted = select(table.c.id, table.c.object_kind, table.c.object_id, table.c.body, at.label("at_ms"))
    rows = await connection.execute(wanted.where(table.c.id.in_(ids)).with_for_update())
    return {
        row.id: {
            "part_id": row.id,
            "parent_kind": row.object_kind,
            "parent_id": row.object_id,
            "body": row.body,
            "now_ms": row.at_ms,
        }
        for row in rows
    }


async def _forget_others(connection: AsyncConnection, written: set[str], started_ms: int) -> None:
    columns = search_documents_table.c
    wanted = select(columns.id, columns.object_id).where(columns.updated_at_ms < started_ms)
    others = [row.id for row in await connection.execute(wanted) if row.object_id not in written]
    for start in range(0, len(others), _AT_ONCE):
        some = others[start : start + _AT_ONCE]
        await connection.execute(delete(search_documents_table).where(columns.id.in_(some)))
