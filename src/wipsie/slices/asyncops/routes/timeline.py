"""``…/timeline`` of records of every kind: their history."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.lists import Choice, Flag, ListSpec, Moment, Sort
from wipsie.slices.asyncops.routes.descriptions import REFERENCE, Operations, listing
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.routes.subjects import list_on
from wipsie.slices.asyncops.schemas.timeline import TimelineEventView
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


def add_timelines(router: APIRouter, kit: RouteKit, subjects: Subjects) -> None:
    """Register the routes."""
    operations = Operations(router, "timeline")
    for subject in subjects:
        _add_on(operations, kit, subject)


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
