"""``…/timeline`` of records of every kind: their history."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.answers import Made
from wipsie.api.gate import principal_of
from wipsie.api.lists import Choice, Flag, ListSpec, Moment, Sort
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.slices.asyncops.routes.descriptions import REFERENCE, Operations, a, acting, listing
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.routes.subjects import list_on
from wipsie.slices.asyncops.schemas.timeline import NewNote, TimelineEventView
from wipsie.slices.asyncops.service.notes import TimelineNotes
from wipsie.slices.asyncops.service.timelines import timeline_views
from wipsie.slices.asyncops.store.timeline import EVENT_KINDS, timeline_events_table
from wipsie.slices.asyncops.subjects import Subject, Subjects

_COLUMNS = timeline_events_table.c

TIMELINE_LIST = ListSpec(
    name="timeline",
    columns=list(timeline_events_table.columns),
    id=_COLUMNS.id,
    filters=(
        Choice("kind", _COLUMNS.kind, EVENT_KINDS),
        Moment("at", _COLUMNS.at_ms, about="Happened"),
        Flag("pinned", lambda _: _COLUMNS.pinned.is_(True), about="Pinned by somebody."),
    ),
    sorts=(Sort(name="at", column=_COLUMNS.at_ms), Sort(name="recorded_at", column=_COLUMNS.id)),
    default_sort="-at",
)


_EVENT = Parameter(name="event", where="path", required=True, description="Id of the event.")
_NOTE = {"body": "The first mail bounced.", "at": "2025-10-04T13:40:00Z"}


def add_timelines(router: APIRouter, kit: RouteKit, subjects: Subjects, notes: TimelineNotes) -> None:
    """Register the routes."""
    operations = Operations(router, "timeline")
    for subject in subjects:
        _add_on(operations, kit, subject)
        if subject.note is not None:
            _add_notes(operations, kit, subject, subject.note, notes)


def _add_on(operations: Operations, kit: RouteKit, subject: Subject) -> None:
    async def list_timeline(request: Request) -> Response:
        """What happened to it, the newest first: who did what, and each changed field before and after."""
        return await list_on(request, kit, subject, TIMELINE_LIST, timeline_views, _COLUMNS.object_id)

    operations.add(
        "GET",
        f"{subject.kind.path}/{{reference}}/timeline",
        list_timeline,
        f"Read the timeline of a {subject.kind.title.lower()}",
        listing(TIMELINE_LIST, TimelineEventView, subject.read, REFERENCE),
        operation_id=f"list_{subject.kind.name}_timeline",
    )


def _add_notes(operations: Operations, kit: RouteKit, subject: Subject, permission: str, notes: TimelineNotes) -> None:
    new = msgspec.json.Decoder(NewNote)
    kind = subject.kind
    path = f"{kind.path}/{{reference}}/timeline"

    async def add_note(request: Request) -> Response:
        """Tell on its timeline what happened, now or earlier, or put right what an event says (`corrects`): that one stays,
        and the correction stands beside it. Followers are told."""

        async def add(unit: UnitOfWork, principal: Principal, reference: str, body: NewNote) -> Made:
            return await notes.add(unit, principal, subject, reference, body)

        return await kit.act(request, new, add)

    async def pin_event(request: Request) -> Response:
        """Let an event stand out on its timeline."""
        return await pin(request, pinned=True)

    async def unpin_event(request: Request) -> Response:
        """Let an event stand out no longer."""
        return await pin(request, pinned=False)

    async def pin(request: Request, *, pinned: bool) -> Response:
        principal, reference, event_id = principal_of(request), reference_in(request), request.path_params["event"]
        return await kit.changes.answer(
            request, None, lambda unit: notes.pin(unit, principal, subject, reference, event_id, pinned=pinned)
        )

    operations.add(
        "POST",
        path,
        add_note,
        f"Add to the timeline of {a(kind.title)}",
        acting(NewNote, TimelineEventView, permission, {"what happened earlier": _NOTE}),
        operation_id=f"create_{kind.name}_timeline_note",
    )
    for method, endpoint, verb in (("PUT", pin_event, "pin"), ("DELETE", unpin_event, "unpin")):
        operations.add(
            method,
            f"{path}/{{event}}/pin",
            endpoint,
            f"{verb.capitalize()} an event of {a(kind.title)}",
            describe(
                access=needs(permission),
                answers={200: Answer(type=TimelineEventView, description="The event.")},
                parameters=(REFERENCE, _EVENT),
                error_statuses=(404, 503),
            ),
            operation_id=f"{verb}_{kind.name}_timeline_event",
        )
