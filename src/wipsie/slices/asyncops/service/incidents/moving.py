"""Move incidents from state to state, and merge those that are the same."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, IllegalTransition, InvalidInput
from wipsie.kernel.ids import new_object_id
from wipsie.slices.asyncops.desk import Desk, reference_of
from wipsie.slices.asyncops.domain import incidents as states
from wipsie.slices.asyncops.domain.milestones import check_times, entered, latest
from wipsie.slices.asyncops.rights import CLOSE_INCIDENTS, DECLARE_INCIDENTS, STEER_INCIDENTS
from wipsie.slices.asyncops.schemas.incidents import IncidentMerge, IncidentTransition
from wipsie.slices.asyncops.schemas.moments import moment_ms
from wipsie.slices.asyncops.schemas.pipelines import PipelineState
from wipsie.slices.asyncops.schemas.texts import prose
from wipsie.slices.asyncops.service.incidents.held import check_seen, held
from wipsie.slices.asyncops.service.incidents.views import IncidentViews, findable
from wipsie.slices.asyncops.store import followers, timeline
from wipsie.slices.asyncops.store.follow_ups import move_outstanding, outstanding_of
from wipsie.slices.asyncops.store.incidents import INCIDENTS, Incident, open_with_key
from wipsie.slices.asyncops.store.links import ID_PREFIX as LINK_ID_PREFIX
from wipsie.slices.asyncops.store.links import Link, add_link


class IncidentMoves:
    """Use cases that end in another state."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._view = IncidentViews(clock).view

    async def move(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        wanted: IncidentTransition,
        expected_version: int,
        pipeline: PipelineState | None = None,
    ) -> Incident:
        """Move it to another state; `pipeline` says how the queue behind it is now, for its timeline. IllegalTransition, and Conflict when a grave one would end with follow-ups outstanding."""
        now_ms = self._clock.now_ms()
        before = await held(unit, principal, reference)
        to = states.DECLARED if wanted.to == "open" else wanted.to
        _check_right(principal, before, to)
        await check_seen(unit.connection, before, expected_version, self._view)
        states.INCIDENTS.check(before.status, to)
        reason = prose(wanted.reason, "reason")
        if not reason and states.needs_reason(before.status, to):
            raise InvalidInput(
                f"Moving from {before.status} to {to} takes a reason.",
                details={"field": "reason", "problem": "is empty"},
            )
        times = before.times
        # Milestones may lie some seconds ahead, on another machine's clock.
        at_ms = max(now_ms, latest(times)) if wanted.at is None else moment_ms(wanted.at, "at")
        moved = entered(times, before.status, to, at_ms)
        _check_at({**times, **moved}, to, now_ms)
        overridden = await self._check_follow_ups(unit, principal, before, to, override=wanted.override)
        changes: dict[str, Any] = {f"{name}_ms": value for name, value in moved.items()}
        changes |= {"status": to, "is_open": to in states.OPEN}
        if to == states.DECLARED and before.status == states.PROPOSED:
            changes |= {"declared_by": principal.user_id, "opened_at_ms": at_ms}
        if (to in states.RUNNING) != (before.status in states.RUNNING):
            changes["next_update_due_at_ms"] = states.next_update_due_ms(before.severity, to, now_ms)
        if to in states.OPEN and not before.is_open and before.dedupe_key is not None:
            await self._refuse_second(unit, before)
        if principal.user_id is not None and "declared_by" in changes:
            kind = INCIDENTS.kind.name
            await followers.follow(unit.connection, kind, before.id, principal.user_id, now_ms=now_ms)
        return await self._desk.change(
            unit,
            principal,
            INCIDENTS,
            before,
            changes,
            verb="move",
            event=timeline.TRANSITION,
            at_ms=at_ms,
            body=reason or None,
            data={
                "from": before.status,
                "to": to,
                **({"override": overridden} if overridden else {}),
                **({} if pipeline is None else {"pipeline": msgspec.to_builtins(pipeline)}),
            },
            facts={"from": before.status, "to": to, "override": overridden > 0},
            notice=f"{reference_of(INCIDENTS.kind, before)} is now {to}: {before.title}",
        )

    async def merge(
        self, unit: UnitOfWork, principal: Principal, reference: str, wanted: IncidentMerge, expected_version: int
    ) -> Incident:
        """Let another incident go on for this one: its followers and outstanding follow-ups go there. What it is merged into
        cannot be merged itself, since that is over for good: so there are no circles."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        principal.check(CLOSE_INCIDENTS)
        before, into = await self._two(unit, principal, reference, wanted.into)
        await check_seen(connection, before, expected_version, self._view)
        if before.status not in states.MERGEABLE or into.status in states.FINAL:
            which = before if before.status not in states.MERGEABLE else into
            raise IllegalTransition(
                f"{reference_of(INCIDENTS.kind, which)} is {which.status}; open and resolved incidents can be merged, into "
                "one that is not over for good.",
                details={
                    "from": before.status,
                    "to": states.MERGED,
                    "legal": list(states.INCIDENTS.legal(before.status)),
                },
            )
        kind, name, target = INCIDENTS.kind, reference_of(INCIDENTS.kind, before), reference_of(INCIDENTS.kind, into)
        moved_follow_ups = await move_outstanding(connection, before.id, into.id, now_ms=now_ms)
        for user_id in await followers.followers_of(connection, before.id):
            await followers.follow(connection, kind.name, into.id, user_id, now_ms=now_ms)
        link = Link(
            id=new_object_id(LINK_ID_PREFIX, now_ms),
            from_kind=kind.name,
            from_id=before.id,
            relation="duplicates",
            to_kind=kind.name,
            to_id=into.id,
            created_at_ms=now_ms,
            created_by=principal.user_id,
        )
        await add_link(connection, link)
        await self._desk.note(
            unit,
            principal,
            INCIDENTS,
            into,
            timeline.LINK,
            verb="take_over",
            data={"merged": {"id": before.id, "number": name}, "follow_ups": moved_follow_ups},
            facts={"merged": before.id, "follow_ups": moved_follow_ups},
        )
        return await self._desk.change(
            unit,
            principal,
            INCIDENTS,
            before,
            {
                "status": states.MERGED,
                "is_open": False,
                "duplicate_of": into.id,
                "closed_at_ms": max(now_ms, latest(before.times)),
                "next_update_due_at_ms": None,
            },
            findable(before),
            verb="merge",
            event=timeline.TRANSITION,
            body=prose(wanted.reason, "reason") or None,
            data={"from": before.status, "to": states.MERGED, "into": {"id": into.id, "number": target}},
            facts={"from": before.status, "into": into.id},
            # Not the other's title: not everybody who follows this one may see that one.
            notice=f"{name} goes on as {target}: {before.title}",
        )

    async def _two(
        self, unit: UnitOfWork, principal: Principal, reference: str, other: str
    ) -> tuple[Incident, Incident]:
        """Both incidents of a merge, held in the order of their making: of two merges in opposite directions at one moment
        the second waits."""
        found = await INCIDENTS.get(unit.connection, reference, principal)
        into = await INCIDENTS.find(unit.connection, other, principal) if other.isprintable() else None
        if into is None or into.id == found.id:
            problem = "is the incident itself" if into is not None else "is no incident you may see"
            raise InvalidInput(f"Field 'into' {problem}.", details={"field": "into", "problem": problem})
        both = {one: await held(unit, principal, one) for one in sorted((found.id, into.id))}
        return both[found.id], both[into.id]

    async def _check_follow_ups(
        self, unit: UnitOfWork, principal: Principal, before: Incident, to: str, *, override: bool
    ) -> int:
        """How many outstanding follow-ups are overridden. Conflict when there are some and they are not."""
        if to not in (states.CLOSED, states.CANCELED) or before.severity not in states.MAJOR:
            return 0
        outstanding = await outstanding_of(unit.connection, before.id)
        if not outstanding:
            return 0
        if not override:
            raise Conflict(
                f"{outstanding} follow-ups of this {before.severity} are outstanding; complete them, say why they are not "
                "done, or let a lead override.",
                details={"outstanding": outstanding, "path": f"{INCIDENTS.kind.path}/{before.id}/follow-ups"},
            )
        principal.check(CLOSE_INCIDENTS)
        return outstanding

    async def _refuse_second(self, unit: UnitOfWork, before: Incident) -> None:
        other = await open_with_key(unit.connection, before.dedupe_key or "")
        if other is not None:
            raise Conflict(
                "Another incident about the same is open already; go on with that one.", details={"id": other.id}
            )


def _check_right(principal: Principal, incident: Incident, to: str) -> None:
    if incident.status == states.PROPOSED and to == states.DECLARED:
        # To accept what was proposed is to declare it.
        principal.check(DECLARE_INCIDENTS)
    elif to == states.CLOSED or states.is_reopening(incident.status, to):
        principal.check(CLOSE_INCIDENTS)
    else:
        principal.check(STEER_INCIDENTS, own=incident.belongs_to(principal.user_id))


def _check_at(times: dict[str, int | None], to: str, now_ms: int) -> None:
    try:
        check_times(times, to, now_ms)
    except InvalidInput as error:
        raise InvalidInput(
            f"Field 'at' does not fit: {error.message}", details={**error.details, "field": "at"}
        ) from None
