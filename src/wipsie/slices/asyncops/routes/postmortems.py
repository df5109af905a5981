"""``/api/incidents/{reference}/postmortem``, and ``/api/postmortems`` over all of them."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from sqlalchemy import ColumnElement, select, true
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.gate import principal_of
from wipsie.api.lists import Choice, Context, Flag, Ids, ListSpec, Moment, Sort
from wipsie.api.openapi import Answer, describe
from wipsie.api.versions import etag, versioned_response
from wipsie.auth.principal import Principal
from wipsie.slices.asyncops.domain.postmortem import DRAFT, IN_REVIEW, STATES
from wipsie.slices.asyncops.kinds import INCIDENT, POSTMORTEM
from wipsie.slices.asyncops.rights import READ_INCIDENTS, STEER_INCIDENTS
from wipsie.slices.asyncops.routes.descriptions import REFERENCE, Operations, acting, changing, listing, showing
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.schemas.postmortems import (
    NewPostmortem,
    PostmortemChanges,
    PostmortemTransition,
    PostmortemView,
)
from wipsie.slices.asyncops.service.postmortems import PostmortemService
from wipsie.slices.asyncops.store.incidents import COLUMNS as INCIDENT_COLUMNS
from wipsie.slices.asyncops.store.incidents import INCIDENTS
from wipsie.slices.asyncops.store.postmortems import COLUMNS, postmortems_table

ONE = f"{INCIDENT.path}/{{reference}}/postmortem"
MARKDOWN_TYPE = "text/markdown"
_CHARSET = f"{MARKDOWN_TYPE}; charset=utf-8"


def _is_overdue(context: Context) -> ColumnElement[bool]:
    due = COLUMNS.due_at_ms
    return COLUMNS.state.in_((DRAFT, IN_REVIEW)) & due.is_not(None) & (due <= context.now_ms)


POSTMORTEM_LIST = ListSpec(
    name="postmortems",
    columns=list(postmortems_table.columns),
    id=COLUMNS.id,
    filters=(
        Choice("state", COLUMNS.state, STATES),
        Ids("owner", COLUMNS.owner, about="Only those of these people.", me=True, none=True),
        Flag("overdue", _is_overdue, about="Neither reviewed nor closed, and due."),
        Moment("due", COLUMNS.due_at_ms, about="Due"),
    ),
    sorts=(Sort(name="created_at", column=COLUMNS.id),),
    default_sort="-created_at",
)
LISTS = (POSTMORTEM_LIST,)


def add_postmortems(router: APIRouter, kit: RouteKit, service: PostmortemService) -> None:
    """Register the routes."""
    new = msgspec.json.Decoder(NewPostmortem)
    changes = msgspec.json.Decoder(PostmortemChanges)
    transition = msgspec.json.Decoder(PostmortemTransition)

    async def list_postmortems(request: Request) -> Response:
        """Postmortems of incidents that one may see, the newest first."""
        seen = seen_postmortems(principal_of(request))
        return await kit.lists.answer(request, POSTMORTEM_LIST, service.views, where=seen)

    async def draft_postmortem(request: Request) -> Response:
        """Draft the postmortem of an incident from its timeline and follow-ups, once it is mitigated. The same timeline makes
        the same draft. An empty object as body is enough."""
        return await kit.act(request, new, service.draft)

    async def show_postmortem(request: Request) -> Response:
        """The postmortem of an incident; as one Markdown document with ``Accept: text/markdown``."""
        if MARKDOWN_TYPE in request.headers.get("accept", ""):
            return await _document(request, kit, service)
        async with kit.database.read() as connection:
            found = await service.show(connection, principal_of(request), reference_in(request))
            shown = await service.view(connection, found)
        return versioned_response(request, shown, found.version, headers={"Vary": "Accept"})

    async def show_postmortem_document(request: Request) -> Response:
        """The postmortem of an incident as one Markdown document. What people wrote cannot pass for its headings, and HTML in
        it is text."""
        return await _document(request, kit, service)

    async def change_postmortem(request: Request) -> Response:
        """Write sections of a postmortem, hand it to somebody else, move its day."""
        return await kit.change(request, changes, service.change, service.view)

    async def move_postmortem(request: Request) -> Response:
        """Move a postmortem on to in_review, reviewed and closed, or back by one. Reviewing and closing are for leads."""
        return await kit.change(request, transition, service.move, service.view)

    operations = Operations(router, "postmortems")
    operations.add(
        "GET",
        POSTMORTEM.path,
        list_postmortems,
        "List postmortems",
        listing(POSTMORTEM_LIST, PostmortemView, READ_INCIDENTS),
    )
    operations.add(
        "POST",
        ONE,
        draft_postmortem,
        "Draft a postmortem",
        acting(NewPostmortem, PostmortemView, STEER_INCIDENTS, {"as the timeline has it": {}}),
    )
    operations.add("GET", ONE, show_postmortem, "Read a postmortem", showing(PostmortemView, READ_INCIDENTS))
    operations.add(
        "GET",
        f"{ONE}.md",
        show_postmortem_document,
        "Read a postmortem as Markdown",
        describe(
            access=needs(READ_INCIDENTS),
            answers={200: Answer(type=str, description="The document.", media_type=MARKDOWN_TYPE)},
            parameters=(REFERENCE,),
            error_statuses=(404, 503),
        ),
    )
    operations.add(
        "PATCH",
        ONE,
        change_postmortem,
        "Change a postmortem",
        changing(
            PostmortemChanges,
            PostmortemView,
            STEER_INCIDENTS,
            {"a section": {"sections": {"went_well": "- The queue kept every message."}}},
        ),
    )
    operations.add(
        "POST",
        f"{ONE}/transitions",
        move_postmortem,
        "Move a postmortem to another state",
        changing(PostmortemTransition, PostmortemView, STEER_INCIDENTS, {"to review": {"to": "in_review"}}),
    )


def seen_postmortems(principal: Principal) -> list[ColumnElement[bool]]:
    """The conditions of the postmortems somebody may read: those of the incidents they may."""
    if INCIDENTS.visible_to(principal) is true():
        return []
    hidden = select(INCIDENT_COLUMNS.id).where(
        INCIDENT_COLUMNS.id == COLUMNS.incident_id, INCIDENTS.hidden_from(principal)
    )
    return [~hidden.exists()]


async def _document(request: Request, kit: RouteKit, service: PostmortemService) -> Response:
    async with kit.database.read() as connection:
        found = await service.show(connection, principal_of(request), reference_in(request))
        text = await service.markdown(connection, found)
    headers = {
        "ETag": etag(found.version),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text, media_type=_CHARSET, headers=headers)
