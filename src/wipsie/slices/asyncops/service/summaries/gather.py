"""Gathers what a digest is made of, as it was at the end of its window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.accounts import users_table
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.domain.blockers import STANDING
from wipsie.slices.asyncops.domain.decisions import ACCEPTED, PROPOSED
from wipsie.slices.asyncops.domain.digest.build import DUE_SOON_DAYS
from wipsie.slices.asyncops.domain.digest.facts import DigestFacts, FailureFact, PersonFact, Snapshot, UpdateFact
from wipsie.slices.asyncops.domain.digest.window import DAY_MS, HOUR_MS, TREND_DAYS, Window
from wipsie.slices.asyncops.gateways.all_queues import AllQueues
from wipsie.slices.asyncops.kinds import BLOCKER, DECISION, INCIDENT, STATUS
from wipsie.slices.asyncops.people import known_colleagues
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.service.summaries import facts_of
from wipsie.slices.asyncops.service.summaries.past import Past, changes_since
from wipsie.slices.asyncops.store.blockers import BLOCKERS
from wipsie.slices.asyncops.store.decisions import DECISIONS
from wipsie.slices.asyncops.store.follow_ups import FOLLOW_UPS, OUTSTANDING
from wipsie.slices.asyncops.store.incidents import INCIDENTS, TEAM
from wipsie.slices.asyncops.store.records import Record, RecordTable
from wipsie.slices.asyncops.store.status import STATUS_UPDATES, StatusUpdate
from wipsie.slices.asyncops.store.summaries import first_edition, last_before
from wipsie.workers.run_log import RETRIED, RunLog

UPDATES_DAYS = 30
ROWS_MAX = 20_000
"""Records of one kind that are looked at, the newest."""
FRESH_MS = HOUR_MS
"""How long after its end a window can still tell how the queues are."""
_WINDOWS = TREND_DAYS + 1


class Gatherer:
    """Gathers from the tables of the slice, the runs of tasks, and the queues."""

    def __init__(
        self, database: Database, queues: AllQueues, clock: Clock, rules: BlockerRules, *, run_retention_s: float
    ) -> None:
        """`run_retention_s`: how long runs of tasks are kept."""
        self._database = database
        self._queues = queues
        self._clock = clock
        self._rules = rules
        self._run_retention_ms = round(run_retention_s * 1000)
        self._run_log = RunLog(database)

    async def facts(self, window: Window) -> DigestFacts:
        """Everything about a window. StorageUnavailable."""
        failures = await self._failures(window)
        is_fresh = abs(self._clock.now_ms() - window.end_ms) <= FRESH_MS
        queues = await self._queues.look() if is_fresh else None
        async with self._database.read() as connection:
            facts = await self._records(connection, window, failures)
            first = await first_edition(connection, window.end_ms, window.timezone)
            before = await last_before(
                connection, window.end_ms, window.timezone, since_ms=window.before(_WINDOWS).end_ms
            )
        seen = None if first is None else first.content.queues
        earlier = None if before is None else before.content.queues
        return msgspec.structs.replace(
            facts,
            queues=queues,
            queues_seen=seen if seen is not None and seen.dead_letters is not None else None,
            dead_letters_before=None if earlier is None else earlier.dead_letters,
            waiting_before=None if earlier is None else earlier.waiting,
        )

    async def _records(
        self, connection: AsyncConnection, window: Window, failures: Sequence[Sequence[FailureFact] | None]
    ) -> DigestFacts:
        since_ms = window.before(_WINDOWS).end_ms
        soon = (window.day + timedelta(days=DUE_SOON_DAYS)).isoformat()
        incidents, blockers, decisions, follow_ups = (
            INCIDENTS.table.c,
            BLOCKERS.table.c,
            DECISIONS.table.c,
            FOLLOW_UPS.table.c,
        )
        # Rows before changes: what changes in between is then undone to what was read.
        some_incidents = await _rows(connection, INCIDENTS, window, since_ms, incidents.is_open.is_(True))
        some_blockers = await _rows(connection, BLOCKERS, window, since_ms, blockers.status.in_(STANDING))
        due = (decisions.status == ACCEPTED) & (decisions.revisit_on <= window.day.isoformat())
        some_decisions = await _rows(connection, DECISIONS, window, since_ms, decisions.status == PROPOSED, due)
        left = (follow_ups.state == OUTSTANDING) & (follow_ups.due_on <= soon)
        some_follow_ups = await _rows(connection, FOLLOW_UPS, window, since_ms, left)
        written = await _updates(connection, window)
        changes = await changes_since(
            connection,
            window.before(_WINDOWS - 1).end_ms,
            [INCIDENT.name, BLOCKER.name, DECISION.name, STATUS.name],
        )
        parents = await _parents(connection, {one.object_id for one in some_follow_ups})
        people = await _people(connection, window)
        blocked = await known_colleagues(connection, {one.blocked for one in some_blockers})
        past = (
            Past(some_incidents, changes, facts_of.INCIDENT_FIELDS),
            Past(some_blockers, changes, facts_of.BLOCKER_FIELDS),
            Past(some_decisions, changes, facts_of.DECISION_FIELDS),
            Past(some_follow_ups, changes, facts_of.FOLLOW_UP_FIELDS),
        )
        # Restricted now or then: nobody reads of it here.
        hidden = {one.id for one in some_incidents if one.visibility != TEAM}
        snapshots: list[Snapshot] = []
        for days in range(_WINDOWS):
            then = window.before(days)
            at_ms = then.end_ms
            snapshots.append(
                Snapshot(
                    window=then,
                    incidents=[
                        facts_of.incident(one)
                        for one in past[0].at(at_ms)
                        if one.id not in hidden and one.visibility == TEAM
                    ],
                    blockers=[
                        facts_of.blocker(one, at_ms, self._rules, blocked.get(one.blocked)) for one in past[1].at(at_ms)
                    ],
                    decisions=[facts_of.decision(one) for one in past[2].at(at_ms)],
                    follow_ups=[
                        facts_of.follow_up(one, parents[one.object_id])
                        for one in past[3].at(at_ms)
                        if one.object_id in parents
                    ],
                    failures=failures[days],
                )
            )
        updates = [facts_of.update(one) for one in Past(written, changes, facts_of.UPDATE_FIELDS).at(window.end_ms)]
        return DigestFacts(
            snapshots=snapshots,
            updates=updates,
            last_update_on=await _last_updates(connection, window, people, updates),
            people=people,
            names=await _names(connection, snapshots[0], updates, people),
            day_ends_minute=self._rules.working_hours.end_minute,
        )

    async def _failures(self, window: Window) -> list[list[FailureFact] | None]:
        """For each window, the newest first."""
        known_from_ms = self._clock.now_ms() - self._run_retention_ms
        first_ms = window.before(_WINDOWS).end_ms
        lost: dict[tuple[int, str], int] = defaultdict(int)
        retried: dict[tuple[int, str], int] = defaultdict(int)
        for day, task_type, status, count in await self._run_log.unsuccessful(first_ms, window.end_ms, every_ms=DAY_MS):
            (retried if status == RETRIED else lost)[day, task_type] += count
        return [
            None
            if window.before(days).start_ms < known_from_ms
            else [
                FailureFact(task_type=name, lost=lost[day, name], retried=retried[day, name])
                for day, name in sorted({*lost, *retried})
                if day == _WINDOWS - 1 - days
            ]
            for days in range(_WINDOWS)
        ]


async def _rows(
    connection: AsyncConnection,
    table: RecordTable[Any],
    window: Window,
    since_ms: int,
    *conditions: ColumnElement[bool],
) -> list[Any]:
    """Records that may matter: those that were changed since, and those of which one of `conditions` holds now."""
    columns = table.table.c
    found: dict[str, Record] = {}
    for condition in (columns.updated_at_ms >= since_ms, *conditions):
        wanted = (
            select(table.table)
            .where(condition, columns.created_at_ms < window.end_ms)
            .order_by(columns.id.desc())
            .limit(ROWS_MAX)
        )
        for row in (await connection.execute(wanted)).mappings():
            found[row["id"]] = table.of_row(row)
    return list(found.values())


async def _updates(connection: AsyncConnection, window: Window) -> list[StatusUpdate]:
    columns = STATUS_UPDATES.table.c
    wanted = (
        select(STATUS_UPDATES.table)
        .where(
            columns.created_at_ms >= window.end_ms - UPDATES_DAYS * DAY_MS,
            columns.created_at_ms < window.end_ms,
        )
        .order_by(columns.created_at_ms.desc(), columns.id.desc())
        .limit(ROWS_MAX)
    )
    return [STATUS_UPDATES.of_row(row) for row in (await connection.execute(wanted)).mappings()]


async def _parents(connection: AsyncConnection, ids: set[str]) -> dict[str, facts_of.Parent]:
    """What follow-ups follow from, without incidents that only some may see."""
    found: dict[str, facts_of.Parent] = {}
    for table in (INCIDENTS, DECISIONS):
        columns = table.table.c
        own = sorted(one for one in ids if one.startswith(f"{table.kind.id_prefix}_"))
        for start in range(0, len(own), _IDS_PER_STATEMENT):
            some = own[start : start + _IDS_PER_STATEMENT]
            wanted = select(columns.id, columns.number, columns.title).where(columns.id.in_(some))
            if table is INCIDENTS:
                wanted = wanted.where(columns.visibility == TEAM)
            for row in await connection.execute(wanted):
                found[row.id] = facts_of.Parent(kind=table.kind, number=row.number, title=row.title)
    return found


_IDS_PER_STATEMENT = 500


async def _people(connection: AsyncConnection, window: Window) -> list[PersonFact]:
    columns = users_table.c
    wanted = (
        select(
            columns.id, columns.name, columns.timezone, columns.work_days, columns.reader_only, columns.created_at_ms
        )
        .where(columns.is_active.is_(True), columns.created_at_ms < window.end_ms)
        .order_by(columns.name, columns.id)
    )
    return [PersonFact(**row) for row in (await connection.execute(wanted)).mappings()]


async def _last_updates(
    connection: AsyncConnection, window: Window, people: Sequence[PersonFact], updates: Sequence[UpdateFact]
) -> dict[str, str]:
    last: dict[str, str] = {}
    for one in updates:
        last[one.author] = max(one.for_date, last.get(one.author, ""))
    columns = STATUS_UPDATES.table.c
    silent = sorted(one.id for one in people if one.id not in last)
    for start in range(0, len(silent), _IDS_PER_STATEMENT):
        wanted = (
            select(columns.author, func.max(columns.for_date))
            .where(
                columns.author.in_(silent[start : start + _IDS_PER_STATEMENT]), columns.created_at_ms < window.end_ms
            )
            .group_by(columns.author)
        )
        last.update({row[0]: row[1] for row in await connection.execute(wanted)})
    return last


async def _names(
    connection: AsyncConnection, snapshot: Snapshot, updates: Sequence[UpdateFact], people: Sequence[PersonFact]
) -> Mapping[str, str]:
    names = {one.id: one.name for one in people}
    named = {
        *(one.lead for one in snapshot.incidents),
        *(one.blocked for one in snapshot.blockers),
        *(one.waiting_on for one in snapshot.blockers),
        *(one.author for one in snapshot.decisions),
        *(one.owner for one in snapshot.follow_ups),
        *(one.author for one in updates),
    }
    strangers = sorted(one for one in named if one is not None and one not in names)
    for start in range(0, len(strangers), _IDS_PER_STATEMENT):
        known = await known_colleagues(connection, strangers[start : start + _IDS_PER_STATEMENT])
        names.update({one.id: one.name for one in known.values()})
    return names
