"""Incidents that Wipsie proposes when something goes wrong in it: one for each trouble, however often it is noticed."""

from __future__ import annotations

from typing import Any

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.domain import incidents as states
from wipsie.slices.asyncops.schemas.texts import LINE_CHARACTERS_MAX, line, prose
from wipsie.slices.asyncops.service.incidents.use_cases import IncidentService
from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.incidents import INCIDENTS, TEAM, Incident, open_with_key
from wipsie.slices.asyncops.store.records import hold_numbers, next_number


class IncidentProposals:
    """Proposes incidents."""

    def __init__(self, desk: Desk, clock: Clock, incidents: IncidentService, *, actor: str = "operations") -> None:
        """`actor`: the part of Wipsie that acts, for the audit log."""
        self._desk = desk
        self._clock = clock
        self._incidents = incidents
        self._principal = Principal(kind="system", id=actor)

    async def propose(
        self,
        unit: UnitOfWork,
        *,
        dedupe_key: str,
        title: str,
        severity: str,
        summary: str,
        source: str,
        data: dict[str, Any] | None = None,
    ) -> Incident:
        """The open incident with this `dedupe_key`, with one occurrence more and a note of it; or a fresh one that waits to be
        accepted or declined, of which all leads hear. Several processes may call it at once. `severity` is one of sev1 to
        sev4; `title` is cut to a line; `data` goes on the timeline."""
        connection = unit.connection
        found = await open_with_key(connection, dedupe_key, hold=True)
        if found is None:
            # Whoever is second waits here for the first to commit, and finds what it wrote.
            await hold_numbers(connection, INCIDENTS.kind)
            found = await open_with_key(connection, dedupe_key, hold=True)
        if found is not None:
            return await self._desk.change(
                unit,
                self._principal,
                INCIDENTS,
                found,
                {"occurrences": found.occurrences + 1},
                verb="signal",
                event=timeline.SIGNAL,
                body=summary or None,
                data=data,
            )
        now_ms = self._clock.now_ms()
        incident = Incident(
            id=self._desk.fresh_id(INCIDENTS.kind),
            created_at_ms=now_ms,
            created_by=None,
            updated_at_ms=now_ms,
            version=1,
            number=await next_number(connection, INCIDENTS.kind),
            title=line(title[:LINE_CHARACTERS_MAX], "title"),
            severity=states.SEVERITY_OF[severity],
            status=states.PROPOSED,
            is_open=True,
            visibility=TEAM,
            impact_started_at_ms=None,
            detected_at_ms=now_ms,
            declared_at_ms=None,
            acknowledged_at_ms=None,
            identified_at_ms=None,
            mitigated_at_ms=None,
            resolved_at_ms=None,
            closed_at_ms=None,
            opened_at_ms=now_ms,
            declared_by=None,
            lead=None,
            comms=None,
            scribe=None,
            affected=[],
            summary=prose(summary, "summary"),
            customer_impact="",
            last_update_at_ms=None,
            next_update_due_at_ms=None,
            reminded_due_at_ms=None,
            duplicate_of=None,
            source=source,
            dedupe_key=dedupe_key,
            occurrences=1,
        )
        return await self._incidents.add(unit, self._principal, incident, data)
