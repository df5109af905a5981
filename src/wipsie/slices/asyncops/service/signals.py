"""What becomes of word from the pipelines: a proposed incident, one more occurrence of one that is open, or the note that it is
over."""

from __future__ import annotations

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import new_object_id
from wipsie.queue.operations_signal import OperationsSignal
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.domain.outside import OUTSIDE_KINDS, is_of_form
from wipsie.slices.asyncops.service.incidents.proposals import IncidentProposals
from wipsie.slices.asyncops.store import links, timeline
from wipsie.slices.asyncops.store.incidents import INCIDENTS, Incident, open_with_key
from wipsie.slices.asyncops.store.links import Link

SOURCE = "queue"
_SEVERITIES = {
    # What waits is not lost and may still be late; what nobody takes any more is.
    "queue_stuck": "sev2",
    "archive_failing": "sev2",
    "delivery_failing": "sev2",
    "dead_letters_growing": "sev3",
    "breaker_open": "sev3",
    "mail_rule_matched": "sev3",
}
_TITLES = {
    "queue_stuck": "{subject} does not move",
    "archive_failing": "Archiving of {subject} fails",
    "delivery_failing": "Delivery by {subject} fails",
    "dead_letters_growing": "Dead letters of {subject} grow",
    "breaker_open": "{subject} does not answer",
    "mail_rule_matched": "A mail calls for attention",
}


class Signals:
    """Use cases of `OperationsSignal`."""

    def __init__(self, desk: Desk, proposals: IncidentProposals, clock: Clock) -> None:
        self._desk = desk
        self._proposals = proposals
        self._clock = clock
        self._principal = Principal(kind="system", id="operations")

    async def take(self, unit: UnitOfWork, signal: OperationsSignal) -> Incident | None:
        """The incident the signal belongs to now; None for the end of a trouble nobody knows of."""
        data = {"signal": signal.problem, "state": signal.state, "subject": signal.subject, "facts": signal.facts}
        if signal.state == "failing":
            incident = await self._proposals.propose(
                unit,
                dedupe_key=signal.key,
                title=signal.title or _TITLES[signal.problem].format(subject=signal.subject),
                severity=signal.severity or _SEVERITIES[signal.problem],
                summary=signal.sentence,
                source=SOURCE,
                data=data,
            )
            await self._link(unit, incident, signal)
            return incident
        found = await open_with_key(unit.connection, signal.key, hold=True)
        if found is not None:
            await self._desk.note(
                unit,
                self._principal,
                INCIDENTS,
                found,
                timeline.SIGNAL,
                verb="signal",
                body=signal.sentence,
                data=data,
                notice=f"{INCIDENTS.kind.number_text(found.number)}: {signal.sentence}",
            )
        return found

    async def _link(self, unit: UnitOfWork, incident: Incident, signal: OperationsSignal) -> None:
        """Let the page of the queue show the incident, and the incident its queue."""
        outside = OUTSIDE_KINDS.get(signal.subject_kind)
        if outside is None or not is_of_form(outside, signal.subject):
            return
        now_ms = self._clock.now_ms()
        await links.add_link(
            unit.connection,
            Link(
                id=new_object_id(links.ID_PREFIX, now_ms),
                from_kind=INCIDENTS.kind.name,
                from_id=incident.id,
                relation="about",
                to_kind=signal.subject_kind,
                to_id=signal.subject,
                created_at_ms=now_ms,
                created_by=None,
            ),
        )
