"""``/api/incidents``: incidents, and what is done with them."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.gate import principal_of
from wipsie.api.lists import Choice, Created, Flag, Ids, ListSpec, Moment, Sort, TextIs
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.slices.asyncops.domain.incidents import DECLARED, PROPOSED, SEVERITIES, SEVERITY_LABELS
from wipsie.slices.asyncops.gateways.pipelines import Pipelines
from wipsie.slices.asyncops.kinds import INCIDENT
from wipsie.slices.asyncops.rights import CLOSE_INCIDENTS, DECLARE_INCIDENTS, READ_INCIDENTS, STEER_INCIDENTS
from wipsie.slices.asyncops.routes.affected import Affected
from wipsie.slices.asyncops.routes.descriptions import (
    Operations,
    acting,
    changing,
    creating,
    listing,
    removing,
    showing,
)
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.schemas.incidents import (
    SOURCES,
    STATUSES,
    IncidentChanges,
    IncidentMerge,
    IncidentTransition,
    IncidentUpdate,
    IncidentView,
    NewIncident,
)
from wipsie.slices.asyncops.service.incidents.moving import IncidentMoves
from wipsie.slices.asyncops.service.incidents.updates import IncidentUpdates
from wipsie.slices.asyncops.service.incidents.use_cases import IncidentService
from wipsie.slices.asyncops.store.incidents import COLUMNS, INCIDENTS, VISIBILITIES, Incident, incidents_table

PATH = INCIDENT.path
ONE = f"{PATH}/{{reference}}"
_due = COLUMNS.next_update_due_at_ms

INCIDENT_LIST = ListSpec(
    name="incidents",
    columns=list(incidents_table.columns),
    id=COLUMNS.id,
    filters=(
        Choice("status", COLUMNS.status, STATUSES, aliases={"open": (PROPOSED, DECLARED)}),
        Choice(
            "severity", COLUMNS.severity, SEVERITIES, aliases={word: (one,) for one, word in SEVERITY_LABELS.items()}
        ),
        Choice("visibility", COLUMNS.visibility, VISIBILITIES),
        Choice("source", COLUMNS.source, SOURCES, about="Only what was declared by hand, by a program, or proposed."),
        Ids("lead", COLUMNS.lead, about="Only what these people lead.", me=True, none=True),
        Affected("affected"),
        TextIs("dedupe_key", COLUMNS.dedupe_key, about="Only what was proposed for this trouble."),
        Flag(
            "open", lambda _: COLUMNS.is_open.is_(True), about="Those that are not resolved or over, or those that are."
        ),
        Flag(
            "update_overdue",
            lambda context: _due.is_not(None) & (_due <= context.now_ms),
            about="Those of which people should have had word by now.",
        ),
        Created("created", COLUMNS.created_at_ms, COLUMNS.id, INCIDENT.id_prefix, about="Written"),
        Moment("declared", COLUMNS.declared_at_ms, about="Declared"),
        Moment("resolved", COLUMNS.resolved_at_ms, about="Resolved"),
    ),
    sorts=(
        Sort(name="created_at", column=COLUMNS.id),
        Sort(name="declared_at", column=COLUMNS.opened_at_ms),
        Sort(name="updated_at", column=COLUMNS.updated_at_ms),
        Sort(name="severity", column=COLUMNS.severity),
    ),
    default_sort="-created_at",
)
LISTS = (INCIDENT_LIST,)

_NEW = {
    "title": "Mail stands still",
    "severity": "sev2",
    "impact_started_at": "2025-10-04T13:40:00Z",
    "affected": ["mail", "archive"],
    "summary": "The archive refuses writes; intake goes on, the queue grows.",
    "customer_impact": "Mail arrives, and cannot be read yet.",
}
_UPDATE = {
    "condition": "4,000 messages wait",
    "actions": "Moving the archive to the other bucket",
    "needs": "Somebody with the key of the bucket",
    "next_update_in": "45m",
}


def add_incidents(
    router: APIRouter,
    kit: RouteKit,
    service: IncidentService,
    moves: IncidentMoves,
    updates: IncidentUpdates,
    pipelines: Pipelines,
) -> None:
    """Register the routes."""
    new = msgspec.json.Decoder(NewIncident)
    changes = msgspec.json.Decoder(IncidentChanges)
    transition = msgspec.json.Decoder(IncidentTransition)
    merging = msgspec.json.Decoder(IncidentMerge)
    update = msgspec.json.Decoder(IncidentUpdate)

    async def list_incidents(request: Request) -> Response:
        """Incidents that one may see, the newest first. Sorted by declared_at, one that is only proposed stands at the time of
        its proposal."""
        seen = INCIDENTS.visible_to(principal_of(request))
        return await kit.lists.answer(request, INCIDENT_LIST, service.views, where=[seen])

    async def declare_incident(request: Request) -> Response:
        """Declare an incident, or propose one. Whoever has a role in it follows it; of a proposal, a sev1 and a sev2 all leads
        hear."""
        return await kit.create(request, new, service.declare, service.view, INCIDENT)

    async def show_incident(request: Request) -> Response:
        """One incident, by id or number, with how long its parts took."""

        async def view(connection: AsyncConnection, incident: Incident) -> IncidentView:
            shown = await service.view(connection, incident)
            shown.pipeline = await pipelines.behind(incident.dedupe_key)
            return shown

        return await kit.show(request, INCIDENTS, view)

    async def change_incident(request: Request) -> Response:
        """Change what an incident says, its severity, roles and times. Times must stand in their order, and only milestones
        that were reached can be set. The state moves by transitions alone."""
        return await kit.change(request, changes, service.change, service.view)

    async def move_incident(request: Request) -> Response:
        """Move an incident to another state: accept (declared) or decline what was proposed, go forward, go back one step or
        reopen with a reason, close, cancel. `next_statuses` of an incident says what is possible. A sev1 or sev2 ends with
        follow-ups outstanding only when a lead says override, which is logged."""
        # Before the transaction: a queue on another machine must not keep others from writing.
        async with kit.database.read() as connection:
            found = await INCIDENTS.find(connection, reference_in(request), principal_of(request))
        pipeline = None if found is None else await pipelines.behind(found.dedupe_key)

        async def move(
            unit: UnitOfWork, principal: Principal, reference: str, body: IncidentTransition, version: int
        ) -> Incident:
            return await moves.move(unit, principal, reference, body, version, pipeline)

        async def view(connection: AsyncConnection, incident: Incident) -> IncidentView:
            shown = await service.view(connection, incident)
            shown.pipeline = pipeline
            return shown

        return await kit.change(request, transition, move, view)

    async def merge_incident(request: Request) -> Response:
        """Let another incident go on for this one. Followers and outstanding follow-ups go there; a link joins the two."""
        return await kit.change(request, merging, moves.merge, service.view)

    async def post_incident_update(request: Request) -> Response:
        """Tell those who wait how things are (condition), what is done (actions) and what is needed (needs). Followers get it
        by mail; the next update is due by the severity (sev1 30 minutes, sev2 1 hour, sev3 1 day, sev4 none) or when one says."""
        return await kit.act(request, update, updates.post)

    async def remove_incident(request: Request) -> Response:
        """Remove an incident that was none (declined, canceled or merged), with all that hangs on it."""
        return await kit.remove(request, service.remove)

    operations = Operations(router, "incidents")
    operations.add("GET", PATH, list_incidents, "List incidents", listing(INCIDENT_LIST, IncidentView, READ_INCIDENTS))
    operations.add(
        "POST",
        PATH,
        declare_incident,
        "Declare an incident",
        creating(NewIncident, IncidentView, DECLARE_INCIDENTS, {"mail stands still": _NEW}),
    )
    operations.add("GET", ONE, show_incident, "Read an incident", showing(IncidentView, READ_INCIDENTS))
    operations.add(
        "PATCH",
        ONE,
        change_incident,
        "Change an incident",
        changing(IncidentChanges, IncidentView, STEER_INCIDENTS, {"worse than thought": {"severity": "sev1"}}),
    )
    operations.add(
        "POST",
        f"{ONE}/transitions",
        move_incident,
        "Move an incident to another state",
        changing(
            IncidentTransition,
            IncidentView,
            STEER_INCIDENTS,
            {
                "mitigated": {"to": "mitigated", "at": "2025-10-04T14:20:00Z"},
                "reopened": {"to": "investigating", "reason": "The queue grows again."},
            },
        ),
    )
    operations.add(
        "POST",
        f"{ONE}/merge",
        merge_incident,
        "Merge an incident into another",
        changing(IncidentMerge, IncidentView, CLOSE_INCIDENTS, {"the same": {"into": "INC-41"}}),
    )
    operations.add(
        "POST",
        f"{ONE}/updates",
        post_incident_update,
        "Post an update",
        acting(IncidentUpdate, IncidentView, DECLARE_INCIDENTS, {"condition, actions, needs": _UPDATE}),
    )
    operations.add("DELETE", ONE, remove_incident, "Remove an incident", removing(CLOSE_INCIDENTS))
