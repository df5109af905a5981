"""What people do with blockers: open, change, move, remove."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.desk import Desk, given
from wipsie.slices.asyncops.domain import blockers as states
from wipsie.slices.asyncops.people import check_colleague, known_colleagues
from wipsie.slices.asyncops.rights import WRITE_BLOCKERS
from wipsie.slices.asyncops.schemas.blockers import BlockerChanges, BlockerTransition, NewBlocker, WaitingOn
from wipsie.slices.asyncops.schemas.moments import moment_ms
from wipsie.slices.asyncops.schemas.texts import line, prose
from wipsie.slices.asyncops.service.blockers.found import findable
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.service.blockers.views import BlockerViews
from wipsie.slices.asyncops.service.blockers.waiting import Waited, look_up
from wipsie.slices.asyncops.store import followers, timeline
from wipsie.slices.asyncops.store.blockers import BLOCKERS, Blocker
from wipsie.slices.asyncops.store.records import next_number
from wipsie.slices.asyncops.subjects import Subjects

SINCE_PAST_MS_MAX = 366 * 24 * 3_600_000
SINCE_FUTURE_MS_MAX = 60_000
"""Clocks differ a little."""


class BlockerService:
    """Use cases of blockers."""

    def __init__(self, desk: Desk, clock: Clock, rules: BlockerRules, subjects: Subjects) -> None:
        self._desk = desk
        self._clock = clock
        self._rules = rules
        self._subjects = subjects
        shown = BlockerViews(clock, rules)
        self.view = shown.view
        self.views = shown.views

    async def open(self, unit: UnitOfWork, principal: Principal, wanted: NewBlocker) -> Blocker:
        """Say what keeps one, or somebody one leads, from going on. Whoever is waited on is told and follows."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        blocked = wanted.blocked or principal.user_id
        if blocked is None:
            raise InvalidInput("blocked must name a colleague: you are not one.", details={"field": "blocked"})
        principal.check(WRITE_BLOCKERS, own=blocked == principal.user_id)
        await check_colleague(connection, blocked, "blocked")
        waited = await self._waited(connection, principal, wanted.waiting_on, blocked=blocked)
        since_ms = now_ms if wanted.since is None else self._since_ms(wanted.since)
        people = await known_colleagues(connection, [blocked, *_ids(waited.person)])
        blocker = Blocker(
            id=self._desk.fresh_id(BLOCKERS.kind),
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            version=1,
            number=await next_number(connection, BLOCKERS.kind),
            title=line(wanted.title, "title"),
            details=prose(wanted.details, "details"),
            blocked=blocked,
            waiting_kind=waited.waiting_kind,
            waiting_on=waited.waiting_on,
            waiting_name=waited.waiting_name,
            severity=wanted.severity,
            status=states.OPEN,
            since_ms=since_ms,
            acknowledged_at_ms=None,
            closed_at_ms=None,
            resolution="",
            **self._rules.due_times(since_ms, people[blocked]),
            escalated_at_ms=None,
        )
        whom = people[waited.waiting_on].name if waited.person is not None else waited.waiting_name
        return await self._desk.add(
            unit,
            principal,
            BLOCKERS,
            blocker,
            findable(blocker),
            verb="open",
            facts={"severity": blocker.severity, "waiting_kind": blocker.waiting_kind},
            also_follow=[blocked, *_ids(waited.person)],
            notice=f"{_name(blocker)}: {people[blocked].name} waits on {whom}: {blocker.title}",
        )

    async def change(
        self, unit: UnitOfWork, principal: Principal, reference: str, changes: BlockerChanges, expected_version: int
    ) -> Blocker:
        """Change what it says; its state moves by `move` alone. NotFound, Forbidden, PreconditionFailed."""
        before = await self._held(unit, principal, reference, expected_version)
        values = given(changes)
        notice = None
        if "title" in values:
            values["title"] = line(values["title"], "title")
        if "details" in values:
            values["details"] = prose(values["details"], "details")
        if (sent := values.pop("waiting_on", None)) is not None:
            waited = await self._waited(unit.connection, principal, sent, blocked=before.blocked, before=before)
            values |= msgspec.structs.asdict(waited)
            notice = await self._pass_on(unit, before, waited)
        if (since := values.pop("since", None)) is not None:
            since_ms = self._since_ms(since)
            if before.closed_at_ms is not None and since_ms > before.closed_at_ms:
                raise InvalidInput("since must not be later than the end of the blocker.", details={"field": "since"})
            people = await known_colleagues(unit.connection, [before.blocked])
            values |= {"since_ms": since_ms, **self._rules.due_times(since_ms, people.get(before.blocked))}
        if values.get("severity", before.severity) != before.severity:
            notice = f"{_name(before)} is now {values['severity']}: {values.get('title', before.title)}"
        changed = msgspec.structs.replace(before, **values)
        return await self._desk.change(unit, principal, BLOCKERS, before, values, findable(changed), notice=notice)

    async def move(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        wanted: BlockerTransition,
        expected_version: int,
    ) -> Blocker:
        """Move it to another state. Whoever is waited on may acknowledge and resolve it. IllegalTransition and those of
        `change`."""
        before = await self._held(
            unit, principal, reference, expected_version, by_waited=wanted.to in states.BY_WHOM_IT_WAITS_ON
        )
        states.BLOCKERS.check(before.status, wanted.to)
        now_ms, text = self._clock.now_ms(), prose(wanted.text, "text")
        values: dict[str, Any] = {"status": wanted.to, "closed_at_ms": None}
        if wanted.to == states.ACKNOWLEDGED:
            values["acknowledged_at_ms"] = now_ms
        elif wanted.to == states.OPEN:
            # It is blocked as before, since then. What was acknowledged and resolved is on the timeline.
            values |= {"acknowledged_at_ms": None, "resolution": ""}
        else:
            values["closed_at_ms"] = now_ms
            if wanted.to == states.RESOLVED:
                values["resolution"] = text
        changed = msgspec.structs.replace(before, **values)
        return await self._desk.change(
            unit,
            principal,
            BLOCKERS,
            before,
            values,
            findable(changed),
            verb="move",
            event=timeline.TRANSITION,
            body=text or None,
            data={"from": before.status, "to": wanted.to},
            facts={"from_state": before.status, "to_state": wanted.to},
            notice=f"{_name(before)} is {_BECOMES[wanted.to]}: {before.title}",
        )

    async def remove(self, unit: UnitOfWork, principal: Principal, reference: str, expected_version: int) -> None:
        """Remove one that should never have been. NotFound, Forbidden, PreconditionFailed."""
        before = await self._held(unit, principal, reference, expected_version)
        await self._desk.remove(unit, principal, BLOCKERS, before)

    async def _held(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        expected_version: int,
        *,
        by_waited: bool = False,
    ) -> Blocker:
        found = await BLOCKERS.get(unit.connection, reference, principal, hold=True)
        owners = [found.blocked]
        if by_waited and found.waiting_kind == "user":
            owners.append(found.waiting_on)
        principal.check(WRITE_BLOCKERS, own=principal.user_id in owners)
        check_version(expected_version, found.version, await self.view(unit.connection, found))
        return found

    async def _waited(
        self,
        connection: AsyncConnection,
        principal: Principal,
        sent: WaitingOn,
        *,
        blocked: str,
        before: Blocker | None = None,
    ) -> Waited:
        return await look_up(connection, principal, sent, blocked=blocked, before=before, subjects=self._subjects)

    async def _pass_on(self, unit: UnitOfWork, before: Blocker, waited: Waited) -> str | None:
        """Let whoever is waited on now follow; the sentence that tells of it, when that is somebody else than before."""
        if (waited.waiting_kind, waited.waiting_on) == (before.waiting_kind, before.waiting_on):
            return None
        people = await known_colleagues(unit.connection, [before.blocked, *_ids(waited.person)])
        for user_id in _ids(waited.person):
            await followers.follow(unit.connection, BLOCKERS.kind.name, before.id, user_id, now_ms=self._clock.now_ms())
        whom = people[waited.waiting_on].name if waited.person is not None else waited.waiting_name
        return f"{_name(before)}: {people[before.blocked].name} waits on {whom} now: {before.title}"

    def _since_ms(self, since: datetime) -> int:
        since_ms, now_ms = moment_ms(since, "since"), self._clock.now_ms()
        if not now_ms - SINCE_PAST_MS_MAX <= since_ms <= now_ms + SINCE_FUTURE_MS_MAX:
            raise InvalidInput(
                "since must be a time within the last 366 days, and not in the future.", details={"field": "since"}
            )
        return min(since_ms, now_ms)


_BECOMES = {
    states.OPEN: "open again",
    states.ACKNOWLEDGED: "acknowledged",
    states.RESOLVED: "resolved",
    states.WITHDRAWN: "withdrawn",
}


def _ids(person: str | None) -> list[str]:
    return [] if person is None else [person]


def _name(blocker: Blocker) -> str:
    return BLOCKERS.kind.number_text(blocker.number)
