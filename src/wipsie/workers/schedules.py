"""Schedules in the database: who fires what when, and the one transaction that makes a fire happen exactly once.

A fire is one commit: the row moves on to its next time *if nobody moved it since it was read* (compare-and-set on its
version), and the message goes into the outbox. Killed before the commit nothing happened; killed after it the relay sends
the message; two schedulers at once, one wins. No scheduler needs to know of another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, Table, Text, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database, UnitOfWork
from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.database.metadata import metadata
from wipsie.kernel import json
from wipsie.kernel.audit_event import AuditEvent, Fact
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidInput, NotFound, WipsieError
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.contract import Attribute, NewMessage
from wipsie.queue.message import complete, find_priority
from wipsie.workers import triggers

MISSED_AFTER_S = 60.0
"""A fire this much later than its time was missed: nobody was there to see to it."""
_BATCH = 100

schedules_table = Table(
    "schedules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("cron", Text),
    Column("every_s", Float),
    Column("timezone", Text, nullable=False),
    Column("catch_up", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("paused_by", Text),
    Column("next_fire_at_ms", BigInteger),
    Column("last_fire_at_ms", BigInteger),
    Column("last_message_id", Text),
    Column("last_error", Text),
    Column("fire_count", Integer, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("ix_schedules_next_fire_at_ms", schedules_table.c.next_fire_at_ms)
_COLUMNS = schedules_table.c
_DUE = _COLUMNS.enabled.is_(True) & _COLUMNS.next_fire_at_ms.is_not(None)

CODE = "code"
"""`made_by` of schedules a slice declares."""


class ScheduleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as a slice declares it or a person asks for it."""

    name: str
    queue: str
    """Short queue name."""
    message: dict[str, Any]
    """A standard message without id and timestamp; they are filled in at each fire."""
    cron: str | None = None
    """Crontab expression, see `wipsie.workers.triggers`. Either this or `every_s`."""
    every_s: float | None = None
    timezone: str = "UTC"
    catch_up: Literal["once", "skip"] = "once"
    """After a time when no scheduler ran: one fire for all that were missed, or none."""
    enabled: bool = True
    """Whether it starts out active; later, what people chose stands."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as it stands."""

    name: str
    queue: str
    message: dict[str, Any]
    cron: str | None
    every_s: float | None
    timezone: str
    catch_up: str
    made_by: str
    """``code``, or the person who made it."""
    enabled: bool
    paused_by: str | None
    next_fire_at_ms: int | None
    last_fire_at_ms: int | None
    last_message_id: str | None
    last_error: str | None
    """Why it cannot fire any more, when its trigger or message turned out to be bad."""
    fire_count: int
    created_at_ms: int
    updated_at_ms: int
    version: int


class Fired(msgspec.Struct, frozen=True):
    """One fire that was committed."""

    schedule: str
    message_id: MessageId
    fire_at_ms: int
    """The time it was due."""


class ScheduleStore:
    """Schedules: declare, look at, pause, resume, trigger, fire."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._hooks: list[Callable[[], None]] = []

    def on_change(self, hook: Callable[[], None]) -> Callable[[], None]:
        """Call `hook` after each change this process makes. Returns a function that ends this."""
        self._hooks.append(hook)
        return lambda: self._hooks.remove(hook)

    def _changed(self) -> None:
        for hook in list(self._hooks):
            hook()

    async def declare(self, specs: Sequence[ScheduleSpec]) -> None:
        """Make the slices' schedules what the code says, at each start. What people decided (paused, resumed) stays, and
        so does the next fire, unless the trigger itself changed. Schedules of other processes and of people stay too.
        InvalidInput names the first bad one; nothing is changed then."""
        async with self._database.read() as connection:
            names = [spec.name for spec in specs]
            rows = (await connection.execute(select(schedules_table).where(_COLUMNS.name.in_(names)))).mappings()
            known = {row["name"]: _schedule(row) for row in rows}
        # Nearly every start finds everything as it was, and writes nothing.
        fresh = [spec for spec in specs if not _is_as_declared(spec, known.get(spec.name))]
        if not fresh:
            return
        async with self._database.begin() as connection:
            for spec in fresh:
                await self._put(connection, spec, made_by=CODE)
        self._changed()

    async def put(self, spec: ScheduleSpec, *, made_by: str, actor: str) -> Schedule:
        """Create or replace a schedule for the person `made_by`. `actor`, here and below: who does so, as the audit log
        names them. InvalidInput."""
        async with self._database.unit_of_work() as unit:
            await self._put(unit.connection, spec, made_by=made_by)
            schedule = await self._get(unit.connection, spec.name)
            unit.record(_event(actor, "put", spec.name, version=schedule.version))
        self._changed()
        return schedule

    async def get(self, name: str) -> Schedule:
        """One schedule. NotFound."""
        async with self._database.read() as connection:
            return await self._get(connection, name)

    async def list(self) -> list[Schedule]:
        """All schedules by name."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(schedules_table).order_by(_COLUMNS.name))
            return [_schedule(row) for row in rows.mappings()]

    async def pause(self, name: str, *, by: str, actor: str) -> Schedule:
        """Fire no more until resumed; times that pass meanwhile are not caught up. NotFound."""
        return await self._set_enabled(name, enabled=False, by=by, actor=actor)

    async def resume(self, name: str, *, actor: str) -> Schedule:
        """Fire again, from the next time after now. NotFound."""
        return await self._set_enabled(name, enabled=True, by=None, actor=actor)

    async def remove(self, name: str, *, actor: str) -> None:
        """Forget a schedule. One that code declares comes back at the next start; pause it instead. NotFound."""
        async with self._database.unit_of_work() as unit:
            removed = await unit.connection.execute(delete(schedules_table).where(_COLUMNS.name == name))
            if removed.rowcount == 0:
                raise _not_found(name)
            unit.record(_event(actor, "remove", name))
        self._changed()

    async def trigger(self, name: str, *, actor: str) -> MessageId:
        """Send a schedule's message now, paused or not; its times stay as they are. Returns the message id. NotFound."""
        now_ms = self._clock.now_ms()
        async with self._database.unit_of_work() as unit:
            schedule = await self._get(unit.connection, name)
            message = _message(schedule, fire_at_ms=now_ms, now_s=self._clock.now(), by_hand=True)
            unit.publish(message)
            unit.record(_event(actor, "trigger", name, message_id=message.message_id))
            await unit.connection.execute(
                update(schedules_table)
                .where(_COLUMNS.name == name)
                .values(
                    last_fire_at_ms=now_ms,
                    last_message_id=message.message_id,
                    fire_count=_COLUMNS.fire_count + 1,
                    updated_at_ms=now_ms,
                    version=_COLUMNS.version + 1,
                )
            )
        return message.message_id

    async def preview(self, name: str, count: int = 5) -> Sequence[int]:
        """The next `count` fire times in ms since the epoch, as if the schedule were active. NotFound."""
        schedule = await self.get(name)
        return triggers.preview(
            cron=schedule.cron,
            every_s=schedule.every_s,
            timezone=schedule.timezone,
            from_ms=self._clock.now_ms(),
            count=count,
        )

    async def next_fire_at_ms(self) -> int | None:
        """When the earliest active schedule fires, or None when none will."""
        async with self._database.read() as connection:
            return (await connection.execute(select(func.min(_COLUMNS.next_fire_at_ms)).where(_DUE))).scalar()

    async def fire_due(self) -> list[Fired]:
        """Fire what is due, in order of time; returns what this call fired. StorageUnavailable."""
        fired: list[Fired] = []
        while True:
            now_ms = self._clock.now_ms()
            due = (
                select(schedules_table)
                .where(_DUE, _COLUMNS.next_fire_at_ms <= now_ms)
                .order_by(_COLUMNS.next_fire_at_ms)
                .limit(_BATCH)
            )
            async with self._database.read() as connection:
                schedules = [_schedule(row) for row in (await connection.execute(due)).mappings()]
            if not schedules:
                return fired
            async with self._database.unit_of_work() as unit:
                committed = [await self._fire(unit, schedule, now_ms) for schedule in schedules]
            fired += [one for one in committed if one is not None]
            if len(schedules) < _BATCH:
                return fired

    async def _fire(self, unit: UnitOfWork, schedule: Schedule, now_ms: int) -> Fired | None:
        try:
            fire_at_ms, next_ms = _plan(schedule, now_ms)
            message = None if fire_at_ms is None else _message(schedule, fire_at_ms=fire_at_ms, now_s=self._clock.now())
        except WipsieError as error:
            # A time zone that was renamed, a message that is no longer one: this schedule stops, the others go on.
            await _move(unit.connection, schedule, next_fire_at_ms=None, last_error=error.message, updated_at_ms=now_ms)
            return None
        values: dict[str, Any] = {"next_fire_at_ms": next_ms, "updated_at_ms": now_ms}
        if message is None or fire_at_ms is None:
            await _move(unit.connection, schedule, **values)
            return None
        won = await _move(
            unit.connection,
            schedule,
            last_fire_at_ms=fire_at_ms,
            last_message_id=message.message_id,
            fire_count=_COLUMNS.fire_count + 1,
            **values,
        )
        if not won:
            return None
        unit.publish(message)
        return Fired(schedule.name, message.message_id, fire_at_ms)

    async def _get(self, connection: AsyncConnection, name: str) -> Schedule:
        found = await connection.execute(select(schedules_table).where(_COLUMNS.name == name))
        row = found.mappings().one_or_none()
        if row is None:
            raise _not_found(name)
        return _schedule(row)

    async def _put(self, connection: AsyncConnection, spec: ScheduleSpec, *, made_by: str) -> None:
        now_ms = self._clock.now_ms()
        next_ms = _checked(spec).next_ms(after_ms=now_ms, anchor_ms=now_ms)
        said = {
            "queue": spec.queue,
            "message": json.encode_text(spec.message),
            "cron": spec.cron,
            "every_s": spec.every_s,
            "timezone": spec.timezone,
            "catch_up": spec.catch_up,
            "made_by": made_by,
            "updated_at_ms": now_ms,
        }
        insert = insert_ignoring_conflicts(connection.dialect.name, schedules_table).values(
            name=spec.name,
            enabled=spec.enabled,
            next_fire_at_ms=next_ms,
            fire_count=0,
            created_at_ms=now_ms,
            version=1,
            **said,
        )
        if (await connection.execute(insert)).rowcount == 1:
            return
        existing = await self._get(connection, spec.name)
        if _trigger_of(existing) != _trigger_of(spec) or existing.last_error is not None:
            said.update(next_fire_at_ms=next_ms, last_error=None)
        await connection.execute(
            update(schedules_table).where(_COLUMNS.name == spec.name).values(version=_COLUMNS.version + 1, **said)
        )

    async def _set_enabled(self, name: str, *, enabled: bool, by: str | None, actor: str) -> Schedule:
        now_ms = self._clock.now_ms()
        async with self._database.unit_of_work() as unit:
            connection = unit.connection
            schedule = await self._get(connection, name)
            values: dict[str, Any] = {
                "enabled": enabled,
                "paused_by": by,
                "updated_at_ms": now_ms,
                "version": _COLUMNS.version + 1,
            }
            if enabled and not schedule.enabled:
                anchor_ms = schedule.next_fire_at_ms or now_ms
                next_ms = _trigger(schedule).next_ms(after_ms=now_ms, anchor_ms=anchor_ms)
                values.update(next_fire_at_ms=next_ms, last_error=None)
            await connection.execute(update(schedules_table).where(_COLUMNS.name == name).values(**values))
            unit.record(_event(actor, "resume" if enabled else "pause", name, was_enabled=schedule.enabled))
            schedule = await self._get(connection, name)
        self._changed()
        return schedule


def _event(actor: str, verb: str, name: str, **facts: Fact) -> AuditEvent:
    return AuditEvent(actor=actor, action=f"workers:schedule:{verb}", object=f"schedule:{name}", facts=facts)


async def _move(connection: AsyncConnection, schedule: Schedule, **values: Any) -> bool:
    """Change a row if it is still as it was read; False when somebody else was faster."""
    moved = await connection.execute(
        update(schedules_table)
        .where(_COLUMNS.name == schedule.name, _COLUMNS.version == schedule.version, _DUE)
        .values(version=schedule.version + 1, **values)
    )
    return moved.rowcount == 1


def _plan(schedule: Schedule, now_ms: int) -> tuple[int | None, int]:
    """Which time of a due schedule to fire for (None: it was missed and is not caught up), and the next one after now."""
    due_ms = schedule.next_fire_at_ms or 0
    trigger = _trigger(schedule)
    next_ms = trigger.next_ms(after_ms=now_ms, anchor_ms=due_ms)
    if schedule.catch_up == "once":
        return due_ms, next_ms
    earliest_ms = now_ms - round(MISSED_AFTER_S * 1000)
    if due_ms < earliest_ms:
        due_ms = trigger.next_ms(after_ms=earliest_ms - 1, anchor_ms=due_ms)
    return (due_ms if due_ms <= now_ms else None), next_ms


def _message(schedule: Schedule, *, fire_at_ms: int, now_s: float, by_hand: bool = False) -> NewMessage:
    correlation_id = f"schedule:{schedule.name}:{fire_at_ms}"
    message_id, body = complete(
        schedule.message, queue=schedule.queue, source="scheduler", now_s=now_s, correlation_id=correlation_id
    )
    return NewMessage(
        # The short name: the relay resolves it, and knows then which queues there are.
        queue=QueueName(schedule.queue),
        body=body,
        message_id=message_id,
        attributes={
            "schedule": Attribute(schedule.name),
            "scheduled_at_ms": Attribute(str(fire_at_ms), "Number"),
        },
        priority=find_priority(schedule.message, None),
        deduplication_id=f"schedule-now:{message_id}" if by_hand else correlation_id,
    )


def _checked(spec: ScheduleSpec) -> triggers.Trigger:
    """The trigger of a good spec. InvalidInput."""
    # Name and time make the deduplication id, which may hold 128 characters.
    if not 0 < len(spec.name) <= 100 or not spec.name.isprintable():
        raise InvalidInput("A schedule's name has 1 to 100 printable characters.", details={"field": "name"})
    find_priority(spec.message, None)
    return triggers.make_trigger(cron=spec.cron, every_s=spec.every_s, timezone=spec.timezone)


def _trigger(schedule: Schedule) -> triggers.Trigger:
    return triggers.make_trigger(cron=schedule.cron, every_s=schedule.every_s, timezone=schedule.timezone)


def _trigger_of(schedule: Schedule | ScheduleSpec) -> tuple[str | None, float | None, str]:
    return schedule.cron, schedule.every_s, schedule.timezone


def _is_as_declared(spec: ScheduleSpec, schedule: Schedule | None) -> bool:
    return (
        schedule is not None
        and schedule.made_by == CODE
        and schedule.last_error is None
        and _trigger_of(spec) == _trigger_of(schedule)
        and (spec.queue, spec.message, spec.catch_up) == (schedule.queue, schedule.message, schedule.catch_up)
    )


def _schedule(row: Any) -> Schedule:
    return Schedule(**{**row, "message": json.decode(row["message"])})


def _not_found(name: str) -> NotFound:
    return NotFound(f"There is no schedule '{name}'; see the list of schedules.", details={"schedule": name})
