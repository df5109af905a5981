"""Appends to the audit log, in the transaction of the change an event tells of, and reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.audit.chain import GENESIS, body_of, read_body, seal_of_event, seal_of_head, write_body
from wipsie.audit.keys import AuditKeys
from wipsie.audit.tables import HEAD_ID, events_table, head_table
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent, Fact
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, InternalError
from wipsie.telemetry import correlation

PAGE_EVENTS = 1_000
_REQUEST_ID_CHARACTERS_MAX = 128


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the log."""

    seq: int
    """1, 2, 3 …, in the order of the commits."""
    at_ms: int
    actor: str
    action: str
    object: str
    request_id: str | None
    facts: dict[str, Fact]
    seal: str


class Head(msgspec.Struct, frozen=True):
    """Where the log ends; `seq` 0 for an empty one."""

    seq: int
    seal: str
    key_id: str


class AuditLog:
    """The log of one database."""

    def __init__(self, read_keys: Callable[[], AuditKeys], clock: Clock) -> None:
        """`read_keys` is called once, when the keys are first needed; it may raise ConfigurationError."""
        self._read_keys = read_keys
        self._clock = clock

    @cached_property
    def keys(self) -> AuditKeys:
        """The keys of the chain."""
        return self._read_keys()

    async def record(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Append `events` in the transaction of `connection`, which holds the end of the log from here to its commit:
        call it last. ConfigurationError when the log was begun with a key we do not have."""
        if not events:
            return
        head = await self._held_head(connection)
        seq, seal, key_id = head.seq, head.seal, self.keys.current
        request_id = correlation.request_id()
        if request_id is not None:
            request_id = request_id[:_REQUEST_ID_CHARACTERS_MAX]
        rows: list[dict[str, object]] = []
        for event in events:
            seq += 1
            body = body_of(event, seq=seq, at_ms=self._clock.now_ms(), request_id=request_id, key_id=key_id)
            stored = write_body(body)
            seal = seal_of_event(self.keys, key_id, seal, stored)
            columns = msgspec.structs.asdict(body)
            del columns["facts"], columns["v"]
            rows.append({**columns, "body": stored, "seal": seal})
        await connection.execute(insert(events_table), rows)
        await connection.execute(
            update(head_table)
            .where(head_table.c.id == HEAD_ID)
            .values(seq=seq, seal=seal, key_id=key_id, head_seal=seal_of_head(self.keys, key_id, seq, seal))
        )

    async def check_key(self, database: Database) -> None:
        """ConfigurationError when the log was begun with a key we do not have: told at the start, before a change fails."""
        async with database.read() as connection:
            head = await read_head(connection)
        if head is not None:
            self.check_head(head)

    def check_head(self, head: Head) -> None:
        """ConfigurationError when the log, which ends here, was sealed with a key we do not have."""
        if head.key_id and not self.keys.knows(head.key_id):
            raise ConfigurationError(
                "The audit log was begun with another AUDIT_KEY; give every process of this database the same one (after a "
                "change of keys: the new one first, then the old ones, with commas between).",
                details={"setting": "AUDIT_KEY", "key_id": head.key_id},
            )

    async def _held_head(self, connection: AsyncConnection) -> Head:
        columns = head_table.c
        wanted = select(columns.seq, columns.seal, columns.key_id).where(columns.id == HEAD_ID).with_for_update()
        row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            raise InternalError(
                "The audit log has lost the row that says where it ends; nothing is changed without the log. "
                "Run `wipsie audit verify`, and restore the database from a backup."
            )
        head = Head(row.seq, row.seal or GENESIS, row.key_id)
        self.check_head(head)
        return head


async def read_head(connection: AsyncConnection) -> Head | None:
    """Where the log says that it ends; None when it does not say."""
    columns = head_table.c
    row = (
        await connection.execute(select(columns.seq, columns.seal, columns.key_id).where(columns.id == HEAD_ID))
    ).one_or_none()
    return None if row is None else Head(row.seq, row.seal or GENESIS, row.key_id)


async def list_events(
    database: Database,
    *,
    limit: int = 50,
    before_seq: int | None = None,
    actor: str | None = None,
    action: str | None = None,
    object: str | None = None,  # noqa: A002 - the field's name
) -> list[LoggedEvent]:
    """The newest events, newest first; `before_seq` gives the page after one that ended there."""
    columns = events_table.c
    wanted = select(columns.body, columns.seal).order_by(columns.seq.desc()).limit(limit)
    conditions: list[ColumnElement[bool]] = []
    if before_seq is not None:
        conditions.append(columns.seq < before_seq)
    for column, value in ((columns.actor, actor), (columns.action, action), (columns.object, object)):
        if value is not None:
            conditions.append(column == value)
    async with database.read() as connection:
        return await _events(connection, wanted.where(*conditions))


async def events_after(database: Database, seq: int, *, limit: int = PAGE_EVENTS) -> list[LoggedEvent]:
    """Up to `limit` events after `seq`, oldest first. What was there does not change: pages may be read one after the other."""
    columns = events_table.c
    wanted = select(columns.body, columns.seal).where(columns.seq > seq).order_by(columns.seq).limit(limit)
    async with database.read() as connection:
        return await _events(connection, wanted)


async def all_events(database: Database, *, after_seq: int = 0) -> AsyncIterator[LoggedEvent]:
    """Every event after `after_seq`, oldest first, as of one moment."""
    columns = events_table.c
    async with database.read() as connection:
        while True:
            wanted = (
                select(columns.body, columns.seal)
                .where(columns.seq > after_seq)
                .order_by(columns.seq)
                .limit(PAGE_EVENTS)
            )
            page = await _events(connection, wanted)
            for event in page:
                yield event
            if len(page) < PAGE_EVENTS:
                return
            after_seq = page[-1].seq


async def _events(connection: AsyncConnection, wanted: Select[Any, Any]) -> list[LoggedEvent]:
    return [event_of(stored, seal) for stored, seal in await connection.execute(wanted)]


def event_of(stored: bytes, seal: str) -> LoggedEvent:
    """A row of the log, by its columns `body` and `seal`. InternalError when it holds nothing that Wipsie writes."""
    body = read_body(bytes(stored))
    if body is None:
        raise InternalError("An event of the audit log cannot be read; run `wipsie audit verify`.")
    return LoggedEvent(
        seq=body.seq,
        at_ms=body.at_ms,
        actor=body.actor,
        action=body.action,
        object=body.object,
        request_id=body.request_id,
        facts=body.facts,
        seal=seal,
    )
