"""``/api/status``: status updates."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.lists import Choice, Created, Days, Flag, Ids, ListSpec, Sort
from wipsie.slices.asyncops.kinds import STATUS
from wipsie.slices.asyncops.rights import READ_STATUS, WRITE_STATUS
from wipsie.slices.asyncops.routes.descriptions import Operations, changing, creating, listing, removing, showing
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.schemas.status import HEALTHS, NewStatusUpdate, StatusUpdateChanges, StatusUpdateView
from wipsie.slices.asyncops.service.status import StatusService
from wipsie.slices.asyncops.store.status import COLUMNS, STATUS_UPDATES, status_updates_table

PATH = STATUS.path
ONE = f"{PATH}/{{reference}}"

STATUS_LIST = ListSpec(
    name="status",
    columns=list(status_updates_table.columns),
    id=COLUMNS.id,
    filters=(
        Ids("author", COLUMNS.author, about="Only updates of these people.", me=True),
        Choice("health", COLUMNS.health, HEALTHS),
        Days("for_date", COLUMNS.for_date, about="Only updates about days"),
        Created("created", COLUMNS.created_at_ms, COLUMNS.id, STATUS.id_prefix, about="Written"),
        Flag("late", lambda _: COLUMNS.late.is_(True), about="Written after their day was over."),
    ),
    sorts=(
        Sort(name="created_at", column=COLUMNS.id),
        Sort(name="updated_at", column=COLUMNS.updated_at_ms),
        Sort(name="for_date", column=COLUMNS.for_date),
    ),
    default_sort="-created_at",
)

_A_DAY = {
    "health": "at_risk",
    "done": ["Moved the reports queue to its own worker"],
    "next": ["Watch it over the weekend"],
    "notes": "The old worker still holds **two** leases.",
}


def add_status(router: APIRouter, kit: RouteKit, service: StatusService) -> None:
    """Register the routes."""
    new = msgspec.json.Decoder(NewStatusUpdate)
    changes = msgspec.json.Decoder(StatusUpdateChanges)

    async def list_status(request: Request) -> Response:
        """Status updates, the newest first."""
        return await kit.lists.answer(request, STATUS_LIST, service.views)

    async def create_status(request: Request) -> Response:
        """Say how one's day went: one update for each person and day, which can be changed later."""
        return await kit.create(request, new, service.write, service.view, STATUS)

    async def show_status(request: Request) -> Response:
        """One status update."""
        return await kit.show(request, STATUS_UPDATES, service.view)

    async def change_status(request: Request) -> Response:
        """Change one's own status update. Its timeline keeps what it said before."""
        return await kit.change(request, changes, service.change, service.view)

    async def remove_status(request: Request) -> Response:
        """Take one's own status update back, with all that hangs on it."""
        return await kit.remove(request, service.remove)

    operations = Operations(router, "status")
    operations.add("GET", PATH, list_status, "List status updates", listing(STATUS_LIST, StatusUpdateView, READ_STATUS))
    operations.add(
        "POST",
        PATH,
        create_status,
        "Write a status update",
        creating(NewStatusUpdate, StatusUpdateView, WRITE_STATUS, {"a day": _A_DAY}),
    )
    operations.add("GET", ONE, show_status, "Read a status update", showing(StatusUpdateView, READ_STATUS))
    operations.add(
        "PATCH",
        ONE,
        change_status,
        "Change a status update",
        changing(
            StatusUpdateChanges,
            StatusUpdateView,
            WRITE_STATUS,
            {"better news": {"health": "on_track", "mood": "🌤"}},
        ),
    )
    operations.add("DELETE", ONE, remove_status, "Take a status update back", removing(WRITE_STATUS))
