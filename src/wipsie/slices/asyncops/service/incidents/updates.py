"""Structured updates: word for those who wait, and when the next one is due."""

from __future__ import annotations

from msgspec import UNSET

from wipsie.api.answers import Made
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.durations import parse_duration_s
from wipsie.kernel.errors import Conflict, InvalidInput
from wipsie.slices.asyncops.desk import Desk, reference_of
from wipsie.slices.asyncops.domain import incidents as states
from wipsie.slices.asyncops.rights import DECLARE_INCIDENTS
from wipsie.slices.asyncops.schemas.incidents import IncidentUpdate
from wipsie.slices.asyncops.schemas.texts import line, prose
from wipsie.slices.asyncops.service.incidents.held import held
from wipsie.slices.asyncops.service.incidents.views import IncidentViews
from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.incidents import INCIDENTS, Incident

NEXT_S_MIN = 60.0
NEXT_S_MAX = 30 * 86_400.0


class IncidentUpdates:
    """The use case of posting one."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._view = IncidentViews(clock).view

    async def post(self, unit: UnitOfWork, principal: Principal, reference: str, wanted: IncidentUpdate) -> Made:
        """Tell how things are, and move on when the next update is due. Conflict unless it runs."""
        incident = await held(unit, principal, reference)
        principal.check(DECLARE_INCIDENTS)
        if incident.status not in states.RUNNING:
            raise Conflict(
                f"Nobody waits for updates of an incident that is {incident.status}; add a note to its timeline.",
                details={"status": incident.status, "running": list(states.RUNNING)},
            )
        now_ms = self._clock.now_ms()
        told = {"condition": line(wanted.condition, "condition"), "actions": line(wanted.actions, "actions")}
        if wanted.needs.strip():
            told["needs"] = line(wanted.needs, "needs")
        message = prose(wanted.message, "message")
        words = [f"{name.capitalize()}: {text}" for name, text in told.items()]
        after = await self._desk.change(
            unit,
            principal,
            INCIDENTS,
            incident,
            {"last_update_at_ms": now_ms, "next_update_due_at_ms": _next_due_ms(incident, wanted, now_ms)},
            verb="update",
            event=timeline.UPDATE,
            body="\n".join([*words, *([f"\n{message}"] if message else [])]),
            data={**told, **({"message": message} if message else {})},
            notice=f"{reference_of(INCIDENTS.kind, incident)}, an update: {incident.title}",
        )
        return Made(value=await self._view(unit.connection, after), version=after.version)


def _next_due_ms(incident: Incident, wanted: IncidentUpdate, now_ms: int) -> int | None:
    if wanted.next_update_in is UNSET:
        return states.next_update_due_ms(incident.severity, incident.status, now_ms)
    if wanted.next_update_in is None:
        return None
    try:
        next_s = parse_duration_s(wanted.next_update_in)
    except ValueError:
        next_s = 0.0
    if not NEXT_S_MIN <= next_s <= NEXT_S_MAX:
        raise InvalidInput(
            "next_update_in must be a duration from 1m to 30d, for example 45m or 1d.",
            details={"field": "next_update_in", "problem": "is no duration from 1m to 30d"},
        )
    return now_ms + round(next_s * 1000)
