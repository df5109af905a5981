"""``…/follow-ups`` of records that have some, and ``/api/follow-ups`` over all of them."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from sqlalchemy import ColumnElement
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.answers import Made
from wipsie.api.gate import principal_of
from wipsie.api.lists import Choice, Context, Created, Days, Flag, Ids, ListSpec, Sort
from wipsie.api.versions import versioned_response
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import utc_datetime
from wipsie.slices.asyncops.kinds import FOLLOW_UP
from wipsie.slices.asyncops.rights import READ_INCIDENTS, STEER_INCIDENTS
from wipsie.slices.asyncops.routes.descriptions import REFERENCE, Operations, a, acting, changing, listing, showing
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.routes.subjects import list_on
from wipsie.slices.asyncops.schemas.follow_ups import FollowUpChanges, FollowUpView, NewFollowUp
from wipsie.slices.asyncops.service.follow_ups import FollowedUp, FollowUpService
from wipsie.slices.asyncops.store.follow_ups import COLUMNS, OUTSTANDING, STATES, follow_ups_table
from wipsie.slices.asyncops.subjects import Subjects

PATH = FOLLOW_UP.path
ONE = f"{PATH}/{{reference}}"


def _is_overdue(context: Context) -> ColumnElement[bool]:
    today = utc_datetime(context.now_ms).date().isoformat()
    return (COLUMNS.state == OUTSTANDING) & (COLUMNS.due_on < today)


FOLLOW_UP_LIST = ListSpec(
    name="follow_ups",
    columns=list(follow_ups_table.columns),
    id=COLUMNS.id,
    filters=(
        Ids("owner", COLUMNS.owner, about="Only those of these people.", me=True, none=True),
        Choice("state", COLUMNS.state, STATES),
        Flag("overdue", _is_overdue, about="Outstanding, and their day is over (UTC)."),
        Days("due_on", COLUMNS.due_on, about="Due"),
        Created("created", COLUMNS.created_at_ms, COLUMNS.id, FOLLOW_UP.id_prefix, about="Written"),
    ),
    sorts=(
        Sort(name="created_at", column=COLUMNS.id),
        Sort(name="updated_at", column=COLUMNS.updated_at_ms),
        Sort(name="due_on", column=COLUMNS.due_on),
    ),
    default_sort="-created_at",
)
LISTS = (FOLLOW_UP_LIST,)

_NEW = {"text": "Alarm when the archive refuses writes for five minutes", "due_on": "2025-10-17"}


def add_follow_ups(router: APIRouter, kit: RouteKit, service: FollowUpService, subjects: Subjects) -> None:
    """Register the routes."""
    operations = Operations(router, "follow-ups")
    for one in service.followed_up.values():
        _add_on(operations, kit, service, one)
    changes = msgspec.json.Decoder(FollowUpChanges)

    async def list_follow_ups(request: Request) -> Response:
        """What is left to do, or was done, after incidents and decisions that one may see. Sorted by due_on, what has no day
        stands last."""
        seen = subjects.visible(principal_of(request), COLUMNS.object_kind, COLUMNS.object_id)
        return await kit.lists.answer(request, FOLLOW_UP_LIST, service.views, where=[seen])

    async def show_follow_up(request: Request) -> Response:
        """One follow-up."""
        async with kit.database.read() as connection:
            found = await service.show(connection, principal_of(request), reference_in(request))
            shown = await service.view(connection, found)
        return versioned_response(request, shown, found.version)

    async def change_follow_up(request: Request) -> Response:
        """Change a follow-up, complete it, or give it up (not_doing) with a reason. Whose it is, who wrote it, and who steers
        what it follows from may do so."""
        return await kit.change(request, changes, service.change, service.view)

    operations.add(
        "GET", PATH, list_follow_ups, "List follow-ups", listing(FOLLOW_UP_LIST, FollowUpView, READ_INCIDENTS)
    )
    operations.add("GET", ONE, show_follow_up, "Read a follow-up", showing(FollowUpView, READ_INCIDENTS))
    operations.add(
        "PATCH",
        ONE,
        change_follow_up,
        "Change a follow-up",
        changing(
            FollowUpChanges,
            FollowUpView,
            STEER_INCIDENTS,
            {
                "done": {"state": "completed"},
                "given up": {"state": "not_doing", "reason": "The archive moves to another store."},
            },
        ),
    )


def _add_on(operations: Operations, kit: RouteKit, service: FollowUpService, one: FollowedUp) -> None:
    new = msgspec.json.Decoder(NewFollowUp)
    kind = one.subject.kind
    path = f"{kind.path}/{{reference}}/follow-ups"

    async def list_own(request: Request) -> Response:
        """What is left to do, or was done, after it."""
        return await list_on(request, kit, one.subject, FOLLOW_UP_LIST, service.views, COLUMNS.object_id)

    async def create(request: Request) -> Response:
        """Say what is left to do after it. Whose it is is told, and follows it from then on."""

        async def add(unit: UnitOfWork, principal: Principal, reference: str, body: NewFollowUp) -> Made:
            return await service.add(unit, principal, kind.name, reference, body)

        return await kit.act(request, new, add)

    operations.add(
        "GET",
        path,
        list_own,
        f"List follow-ups of {a(kind.title)}",
        listing(FOLLOW_UP_LIST, FollowUpView, one.subject.read, REFERENCE),
        operation_id=f"list_{kind.name}_follow_ups",
    )
    operations.add(
        "POST",
        path,
        create,
        f"Add a follow-up to {a(kind.title)}",
        acting(NewFollowUp, FollowUpView, one.add, {"an alarm": _NEW}),
        operation_id=f"create_{kind.name}_follow_up",
    )
