"""Postmortems: draft one from the timeline, write it, have it reviewed, close it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.answers import Made
from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock, iso_utc_ms, utc_datetime
from wipsie.kernel.errors import Conflict, NotFound
from wipsie.kernel.ids import new_object_id
from wipsie.slices.asyncops.desk import Desk, given, reference_of
from wipsie.slices.asyncops.domain import incidents as incident_states
from wipsie.slices.asyncops.domain import postmortem as rules
from wipsie.slices.asyncops.domain.milestones import durations
from wipsie.slices.asyncops.kinds import INCIDENT, POSTMORTEM
from wipsie.slices.asyncops.notices import Notices, Reason
from wipsie.slices.asyncops.people import Person, check_colleague, names_of
from wipsie.slices.asyncops.rights import CLOSE_INCIDENTS, STEER_INCIDENTS
from wipsie.slices.asyncops.schemas.follow_ups import FollowUpObject
from wipsie.slices.asyncops.schemas.moments import moment_ms
from wipsie.slices.asyncops.schemas.postmortems import (
    NewPostmortem,
    PostmortemChanges,
    PostmortemTransition,
    PostmortemView,
    SectionView,
)
from wipsie.slices.asyncops.schemas.texts import prose
from wipsie.slices.asyncops.service.incidents.telling import happenings, tasks
from wipsie.slices.asyncops.store import followers, timeline
from wipsie.slices.asyncops.store.follow_ups import follow_ups_of
from wipsie.slices.asyncops.store.incidents import INCIDENTS, Incident, incidents_table
from wipsie.slices.asyncops.store.postmortems import POSTMORTEMS, Postmortem, postmortem_of

DRAFTABLE = (incident_states.MITIGATED, incident_states.RESOLVED, incident_states.CLOSED)


class PostmortemService:
    """Use cases of postmortems; each is called by the reference of its incident."""

    def __init__(self, desk: Desk, notices: Notices, clock: Clock) -> None:
        self._desk = desk
        self._notices = notices
        self._clock = clock

    async def draft(self, unit: UnitOfWork, principal: Principal, reference: str, wanted: NewPostmortem) -> Made:
        """Draft it from the incident, its timeline and its follow-ups. Conflict when there is one, or when it is too early."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        incident = await INCIDENTS.get(connection, reference, principal, hold=True)
        principal.check(STEER_INCIDENTS, own=incident.belongs_to(principal.user_id))
        if incident.status not in DRAFTABLE:
            raise Conflict(
                f"A postmortem is drafted once the incident is {', '.join(DRAFTABLE)}; it is {incident.status}.",
                details={"status": incident.status, "draftable": list(DRAFTABLE)},
            )
        if (existing := await postmortem_of(connection, incident.id)) is not None:
            raise Conflict(
                "There is one already; go on with that.", details={"id": existing.id, "path": _path(incident)}
            )
        await check_colleague(connection, wanted.owner, "owner")
        since_ms = incident.resolved_at_ms or incident.mitigated_at_ms or now_ms
        postmortem = Postmortem(
            id=new_object_id(POSTMORTEM.id_prefix, now_ms),
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            version=1,
            incident_id=incident.id,
            state=rules.DRAFT,
            owner=wanted.owner or incident.lead or principal.user_id,
            due_at_ms=rules.due_ms(incident.severity, since_ms)
            if wanted.due_at is None
            else moment_ms(wanted.due_at, "due_at"),
            sections=rules.draft(await self._material(connection, incident)),
            reviewed_at_ms=None,
            closed_at_ms=None,
        )
        await POSTMORTEMS.insert(connection, postmortem)
        await self._tell(unit, principal, incident, None, postmortem, "draft_postmortem")
        return Made(value=await self.view(connection, postmortem), version=1, location=_path(incident))

    async def change(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        changes: PostmortemChanges,
        expected_version: int,
    ) -> Postmortem:
        """Write sections, hand it to somebody else. Conflict once it is closed."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        incident, before = await self._held(unit, principal, reference, expected_version)
        if before.state == rules.CLOSED:
            raise Conflict("A closed postmortem is not changed; move it back to reviewed first.")
        sent = given(changes)
        values: dict[str, Any] = {}
        if "sections" in sent:
            texts = {name: prose(text, f"sections.{name}") for name, text in given(sent["sections"]).items()}
            values["sections"] = {**before.sections, **texts}
        if "owner" in sent:
            await check_colleague(connection, sent["owner"], "owner")
            values["owner"] = sent["owner"]
        if "due_at" in sent:
            values["due_at_ms"] = None if sent["due_at"] is None else moment_ms(sent["due_at"], "due_at")
        values = {name: value for name, value in values.items() if getattr(before, name) != value}
        if not values:
            return before
        after = await POSTMORTEMS.update(connection, before, now_ms, values)
        await self._tell(unit, principal, incident, before, after, "change_postmortem")
        return after

    async def move(
        self,
        unit: UnitOfWork,
        principal: Principal,
        reference: str,
        wanted: PostmortemTransition,
        expected_version: int,
    ) -> Postmortem:
        """Move it to another state. Reviewing, closing and taking it up again are for leads. IllegalTransition."""
        incident, before = await self._held(unit, principal, reference, expected_version)
        rules.POSTMORTEMS.check(before.state, wanted.to)
        if {before.state, wanted.to} & {rules.REVIEWED, rules.CLOSED}:
            principal.check(CLOSE_INCIDENTS)
        now_ms = self._clock.now_ms()
        reason = prose(wanted.reason, "reason")
        values: dict[str, Any] = {"state": wanted.to}
        if wanted.to == rules.REVIEWED:
            values |= {"reviewed_at_ms": before.reviewed_at_ms or now_ms, "closed_at_ms": None}
        elif wanted.to == rules.CLOSED:
            values["closed_at_ms"] = now_ms
        else:
            values["reviewed_at_ms"] = None
        after = await POSTMORTEMS.update(unit.connection, before, now_ms, values)
        await self._tell(unit, principal, incident, before, after, "move_postmortem", reason=reason)
        return after

    async def show(self, connection: AsyncConnection, principal: Principal, reference: str) -> Postmortem:
        """The postmortem of an incident somebody may read. NotFound."""
        incident = await INCIDENTS.get(connection, reference, principal)
        found = await postmortem_of(connection, incident.id)
        if found is None:
            raise _none_of(incident)
        return found

    async def markdown(self, connection: AsyncConnection, postmortem: Postmortem) -> str:
        """As one document."""
        incident = await INCIDENTS.get(connection, postmortem.incident_id)
        names = await names_of(connection, [postmortem.owner])
        severity = f"{incident.severity} ({incident_states.SEVERITY_LABELS[incident.severity]})"
        facts = {"Severity": severity, "State": postmortem.state.replace("_", " ")}
        if postmortem.owner in names:
            facts["Owner"] = names[postmortem.owner].name
        facts |= {
            name.removesuffix("_at").replace("_", " ").capitalize(): f"{utc_datetime(at_ms):%Y-%m-%d %H:%M} UTC"
            for name, at_ms in incident.times.items()
            if at_ms is not None
        }
        facts |= rules.duration_facts(durations(incident.times))
        heading = f"Postmortem of {reference_of(INCIDENT, incident)}: {incident.title}"
        return rules.document(heading, facts, postmortem.sections)

    async def view(self, connection: AsyncConnection, postmortem: Postmortem) -> PostmortemView:
        """As it is shown."""
        (shown,) = await self._shown(connection, [postmortem])
        return shown

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[PostmortemView]:
        """Rows of a list, as they are shown."""
        return await self._shown(connection, [POSTMORTEMS.of_row(row) for row in rows])

    async def _held(
        self, unit: UnitOfWork, principal: Principal, reference: str, expected_version: int
    ) -> tuple[Incident, Postmortem]:
        incident = await INCIDENTS.get(unit.connection, reference, principal, hold=True)
        found = await postmortem_of(unit.connection, incident.id, hold=True)
        if found is None:
            raise _none_of(incident)
        own = incident.belongs_to(principal.user_id)
        principal.check(
            STEER_INCIDENTS, own=own or (principal.user_id is not None and found.owner == principal.user_id)
        )
        check_version(expected_version, found.version, await self.view(unit.connection, found))
        return incident, found

    async def _material(self, connection: AsyncConnection, incident: Incident) -> rules.Material:
        return rules.Material(
            severity=incident.severity,
            summary=incident.summary,
            customer_impact=incident.customer_impact,
            affected=incident.affected,
            times=incident.times,
            happenings=await happenings(connection, await timeline.events_of(connection, incident.id)),
            tasks=await tasks(connection, await follow_ups_of(connection, incident.id)),
        )

    async def _tell(
        self,
        unit: UnitOfWork,
        principal: Principal,
        incident: Incident,
        before: Postmortem | None,
        after: Postmortem,
        verb: str,
        *,
        reason: str = "",
    ) -> None:
        moved = before is not None and before.state != after.state
        number = reference_of(INCIDENT, incident)
        changed = [] if before is None else _changed(before, after)
        data = {"postmortem": after.id, "state": after.state, "fields": changed}
        await self._desk.note(
            unit,
            principal,
            INCIDENTS,
            incident,
            timeline.POSTMORTEM,
            verb=verb,
            body=reason or None,
            data={**data, "from": before.state} if before is not None and moved else data,
            facts={"postmortem": after.id, "state": after.state},
            notice=f"The postmortem of {number} is now {after.state.replace('_', ' ')}: {incident.title}"
            if moved
            else None,
        )
        if after.owner is not None and (before is None or before.owner != after.owner):
            now_ms = self._clock.now_ms()
            await followers.follow(unit.connection, INCIDENT.name, incident.id, after.owner, now_ms=now_ms)
            sentence = f"The postmortem of {number} is yours: {incident.title}"
            await self._notices.tell(
                unit, principal, INCIDENT, incident, [after.owner], sentence, reason=Reason.RESPONSIBLE
            )

    async def _shown(self, connection: AsyncConnection, postmortems: Sequence[Postmortem]) -> list[PostmortemView]:
        ids = sorted({one.incident_id for one in postmortems})
        rows = await connection.execute(select(incidents_table).where(incidents_table.c.id.in_(ids)))
        incidents = {row["id"]: INCIDENTS.of_row(row) for row in rows.mappings()}
        people = await names_of(connection, (user for one in postmortems for user in (one.owner, one.created_by)))
        now_ms = self._clock.now_ms()
        return [_view(one, incidents[one.incident_id], people, now_ms) for one in postmortems]


def _view(postmortem: Postmortem, incident: Incident, people: dict[str, Person], now_ms: int) -> PostmortemView:
    def person(user_id: str | None) -> Person | None:
        return None if user_id is None else people.get(user_id, Person(id=user_id, name=""))

    states: dict[str, Any] = {
        "state": postmortem.state,
        "next_states": list(rules.POSTMORTEMS.legal(postmortem.state)),
    }
    due_ms = postmortem.due_at_ms
    return PostmortemView(
        id=postmortem.id,
        incident=FollowUpObject(
            kind=INCIDENT.name,
            id=incident.id,
            number=reference_of(INCIDENT, incident),
            title=incident.title,
            path=f"{INCIDENT.path}/{incident.id}",
        ),
        **states,
        owner=person(postmortem.owner),
        due_at=_time(due_ms),
        overdue=due_ms is not None and due_ms <= now_ms and postmortem.state in (rules.DRAFT, rules.IN_REVIEW),
        durations=durations(incident.times),
        sections=[
            SectionView(name=name, title=title, text=postmortem.sections.get(name, ""))
            for name, title in rules.SECTIONS.items()
        ],
        reviewed_at=_time(postmortem.reviewed_at_ms),
        closed_at=_time(postmortem.closed_at_ms),
        created_by=person(postmortem.created_by),
        created_at=iso_utc_ms(postmortem.created_at_ms),
        updated_at=iso_utc_ms(postmortem.updated_at_ms),
        version=postmortem.version,
    )


def _changed(before: Postmortem, after: Postmortem) -> list[str]:
    fields = [name for name in ("owner", "due_at_ms", "state") if getattr(before, name) != getattr(after, name)]
    return fields + [f"sections.{name}" for name, text in after.sections.items() if before.sections.get(name) != text]


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_utc_ms(at_ms)


def _path(incident: Incident) -> str:
    return f"{INCIDENT.path}/{incident.id}/postmortem"


def _none_of(incident: Incident) -> NotFound:
    return NotFound(
        f"{reference_of(INCIDENT, incident)} has no postmortem; POST {_path(incident)} drafts one.",
        details={"kind": POSTMORTEM.name, "reference": incident.id},
    )
