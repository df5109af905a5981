"""What people do with decisions: write, propose, decide, supersede."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock, utc_datetime
from wipsie.kernel.errors import Conflict, InvalidInput, NotFound
from wipsie.kernel.ids import new_object_id
from wipsie.slices.asyncops.desk import Desk, given, reference_of
from wipsie.slices.asyncops.domain import decisions as states
from wipsie.slices.asyncops.domain.relations import SUPERSEDES
from wipsie.slices.asyncops.rights import DECIDE, PROPOSE_DECISIONS
from wipsie.slices.asyncops.schemas.decisions import DecisionChanges, DecisionTransition, NewDecision, Supersession
from wipsie.slices.asyncops.schemas.texts import prose
from wipsie.slices.asyncops.service.decisions.texts import PARTIES, checked, findable, user_ids
from wipsie.slices.asyncops.service.decisions.views import DecisionViews
from wipsie.slices.asyncops.store import links, timeline
from wipsie.slices.asyncops.store.decisions import DECISIONS, Decision
from wipsie.slices.asyncops.store.records import next_number

_AFTER_DECIDING = frozenset({"revisit_on"})
"""What changes in a decision whose text is frozen."""


class DecisionService:
    """Use cases of decisions."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        shown = DecisionViews(clock)
        self.view = shown.view
        self.views = shown.views
        self.markdown = shown.markdown

    async def write(self, unit: UnitOfWork, principal: Principal, wanted: NewDecision) -> Decision:
        """Write a decision, as a draft or proposed at once. Colleagues who are named in it follow it."""
        principal.check(PROPOSE_DECISIONS, own=True)
        fields = msgspec.structs.asdict(wanted)
        return await self.add(unit, principal, await checked(unit.connection, fields))

    async def add(
        self, unit: UnitOfWork, principal: Principal, fields: dict[str, Any], *, verb: str = "create"
    ) -> Decision:
        """Add a decision of checked fields; who may is the caller's business."""
        now_ms = self._clock.now_ms()
        rest: dict[str, Any] = {
            "proposed_at_ms": None if fields["status"] == states.DRAFT else now_ms,
            "supersedes": [],
            "superseded_by": None,
            "superseded_text": "",
            "source": None,
            "source_digest": None,
        }
        decision = Decision(
            id=self._desk.fresh_id(DECISIONS.kind),
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            version=1,
            number=await next_number(unit.connection, DECISIONS.kind),
            **{**rest, **fields},
        )
        named = [one for name in PARTIES for one in user_ids(getattr(decision, name))]
        proposed = f"{_name(decision)} is proposed: {decision.title}"
        return await self._desk.add(
            unit,
            principal,
            DECISIONS,
            decision,
            findable(decision),
            verb=verb,
            facts={"state": decision.status},
            also_follow=named,
            notice=proposed if decision.status == states.PROPOSED else None,
        )

    async def change(
        self, unit: UnitOfWork, principal: Principal, reference: str, changes: DecisionChanges, expected_version: int
    ) -> Decision:
        """Change what it says, until it is decided; after that, only when to look again. NotFound, Forbidden,
        PreconditionFailed; Conflict for a text that is frozen."""
        before = await self._held(unit, principal, reference, expected_version)
        principal.check(PROPOSE_DECISIONS, own=before.belongs_to(principal.user_id))
        values = await checked(unit.connection, given(changes), before)
        frozen = sorted(set(values) - _AFTER_DECIDING)
        if before.status not in states.WRITABLE and frozen:
            raise Conflict(
                f"{_name(before)} is {before.status}: its text does not change any more, only revisit_on does. To decide "
                f"otherwise, supersede it: POST {DECISIONS.kind.path}/{_name(before)}/supersede.",
                details={"status": before.status, "fields": frozen, "changeable": sorted(_AFTER_DECIDING)},
            )
        after = msgspec.structs.replace(before, **values)
        return await self._desk.change(unit, principal, DECISIONS, before, values, findable(after))

    async def move(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        wanted: DecisionTransition,
        expected_version: int,
    ) -> Decision:
        """Propose (whoever wrote it), accept, reject or deprecate (leads). IllegalTransition, Conflict for an acceptance of
        nothing, and those of `change`."""
        before = await self._held(unit, principal, reference, expected_version)
        if wanted.to == states.PROPOSED:
            principal.check(PROPOSE_DECISIONS, own=before.belongs_to(principal.user_id))
        else:
            principal.check(DECIDE)
        states.DECISIONS.check(before.status, wanted.to)
        if wanted.to == states.SUPERSEDED:
            raise Conflict(
                f"Say what supersedes it: POST {DECISIONS.kind.path}/{_name(before)}/supersede.",
                details={"path": f"{DECISIONS.kind.path}/{_name(before)}/supersede"},
            )
        return await self._move(unit, principal, before, wanted)

    async def supersede(
        self, unit: UnitOfWork, principal: Principal, reference: str, wanted: Supersession, expected_version: int
    ) -> Decision:
        """Let another decision stand in place of an accepted one: one that is accepted already, or a new one, which is
        accepted with this. Both say so, in one commit; the one that is superseded."""
        principal.check(DECIDE)
        if wanted.by is not None:
            await self._hold(unit, reference, wanted.by)
        before = await self._held(unit, principal, reference, expected_version)
        states.DECISIONS.check(before.status, states.SUPERSEDED)
        if wanted.by is not None and wanted.decision is None:
            successor = await self._accepted(unit, principal, wanted.by, before)
        elif wanted.decision is not None and wanted.by is None:
            proposal = msgspec.structs.replace(wanted.decision, status=states.PROPOSED)
            proposed = await self.write(unit, principal, proposal)
            successor = await self._move(unit, principal, proposed, DecisionTransition(to="accepted"))
        else:
            raise InvalidInput("Send one of by and decision.", details={"field": "by", "problem": "one of two"})
        return await self.link(unit, principal, before, successor, reason=prose(wanted.reason, "reason"))

    async def link(
        self, unit: UnitOfWork, principal: Principal, before: Decision, successor: Decision, *, reason: str = ""
    ) -> Decision:
        """Write on both sides that `successor` stands in place of `before`. Both are held by this unit."""
        now_ms = self._clock.now_ms()
        old, new = _name(before), _name(successor)
        await self._desk.change(
            unit,
            principal,
            DECISIONS,
            successor,
            {"supersedes": [*successor.supersedes, before.id]},
            verb="succeed",
            event=timeline.LINK,
            data={"relation": SUPERSEDES, "number": old},
            facts={"other": before.id},
        )
        link = links.Link(
            id=new_object_id(links.ID_PREFIX, now_ms),
            from_kind=DECISIONS.kind.name,
            from_id=successor.id,
            relation=SUPERSEDES,
            to_kind=DECISIONS.kind.name,
            to_id=before.id,
            created_at_ms=now_ms,
            # Nobody's own: it is part of the two records.
            created_by=None,
        )
        await links.add_link(unit.connection, link)
        return await self._desk.change(
            unit,
            principal,
            DECISIONS,
            before,
            {"status": states.SUPERSEDED, "superseded_by": successor.id, "superseded_text": ""},
            verb="supersede",
            event=timeline.TRANSITION,
            body=reason or None,
            data={"from": before.status, "to": states.SUPERSEDED, "by": new},
            facts={"from_state": before.status, "to_state": states.SUPERSEDED, "other": successor.id},
            notice=f"{old} is superseded by {new}: {successor.title}",
        )

    async def remove(self, unit: UnitOfWork, principal: Principal, reference: str, expected_version: int) -> None:
        """Remove what was never decided. NotFound, Forbidden, PreconditionFailed; Conflict for what was decided."""
        before = await self._held(unit, principal, reference, expected_version)
        principal.check(PROPOSE_DECISIONS, own=before.belongs_to(principal.user_id))
        if before.status not in states.WRITABLE:
            raise Conflict(
                f"{_name(before)} is {before.status}: what was decided stays. Deprecate or supersede it instead.",
                details={"status": before.status},
            )
        await self._desk.remove(unit, principal, DECISIONS, before)

    async def _move(
        self, unit: UnitOfWork, principal: Principal, before: Decision, wanted: DecisionTransition
    ) -> Decision:
        now_ms, reason = self._clock.now_ms(), prose(wanted.reason, "reason")
        values: dict[str, Any] = {"status": wanted.to}
        if wanted.to == states.PROPOSED:
            values["proposed_at_ms"] = now_ms
        elif wanted.to != states.DEPRECATED:
            day = wanted.decided_on.isoformat() if wanted.decided_on is not None else before.decided_on
            values["decided_on"] = day or utc_datetime(now_ms).date().isoformat()
            if not before.decision_makers and principal.user_id is not None:
                values["decision_makers"] = [principal.user_id]
        if wanted.to == states.ACCEPTED and before.chosen is None and not before.outcome:
            raise Conflict(
                f"{_name(before)} does not say what is decided: set chosen or outcome, then accept it.",
                details={"fields": ["chosen", "outcome"]},
            )
        return await self._desk.change(
            unit,
            principal,
            DECISIONS,
            before,
            values,
            verb="move",
            event=timeline.TRANSITION,
            body=reason or None,
            data={"from": before.status, "to": wanted.to},
            facts={"from_state": before.status, "to_state": wanted.to},
            notice=f"{_name(before)} is {wanted.to}: {before.title}",
        )

    async def _accepted(self, unit: UnitOfWork, principal: Principal, reference: str, before: Decision) -> Decision:
        """The decision that is to stand in place of `before`, held."""
        try:
            found = await DECISIONS.get(unit.connection, reference, principal, hold=True)
        except NotFound as error:
            raise InvalidInput(error.message, details={**error.details, "field": "by"}) from None
        if found.id == before.id:
            raise InvalidInput("A decision does not supersede itself.", details={"field": "by"})
        # What is accepted is superseded by nothing: no decision can come to stand in place of itself.
        if found.status != states.ACCEPTED:
            raise Conflict(
                f"{_name(found)} is {found.status}; only a decision that is accepted can stand in place of another.",
                details={"by": _name(found), "status": found.status},
            )
        return found

    async def _hold(self, unit: UnitOfWork, *references: str) -> None:
        """Hold several in one order, so that two who name them the other way round do not wait for each other for ever."""
        found = [await DECISIONS.find(unit.connection, one) for one in references if one.isprintable()]
        for decision_id in sorted({one.id for one in found if one is not None}):
            await DECISIONS.find(unit.connection, decision_id, hold=True)

    async def _held(self, unit: UnitOfWork, principal: Principal, reference: str, expected_version: int) -> Decision:
        found = await DECISIONS.get(unit.connection, reference, principal, hold=True)
        # Whoever may not even propose hears that before anything about versions.
        principal.check(PROPOSE_DECISIONS, own=True)
        check_version(expected_version, found.version, await self.view(unit.connection, found))
        return found


def _name(decision: Decision) -> str:
    return reference_of(DECISIONS.kind, decision)
