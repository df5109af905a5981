"""``/api/blockers``: what keeps people from going on."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.lists import Choice, Created, Flag, Ids, ListSpec, Moment, Sort
from wipsie.slices.asyncops.domain.blockers import ACKNOWLEDGED, OPEN, STANDING
from wipsie.slices.asyncops.kinds import BLOCKER
from wipsie.slices.asyncops.rights import READ_BLOCKERS, WRITE_BLOCKERS
from wipsie.slices.asyncops.routes.descriptions import Operations, changing, creating, listing, removing, showing
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.schemas.blockers import (
    BLOCKER_SEVERITIES,
    BLOCKER_STATUSES,
    WAITING_KINDS,
    BlockerChanges,
    BlockerTransition,
    BlockerView,
    NewBlocker,
)
from wipsie.slices.asyncops.service.blockers.use_cases import BlockerService
from wipsie.slices.asyncops.store.blockers import BLOCKERS, COLUMNS, blockers_table

PATH = BLOCKER.path
ONE = f"{PATH}/{{reference}}"
_STANDS = COLUMNS.status.in_(STANDING)

BLOCKER_LIST = ListSpec(
    name="blockers",
    columns=list(blockers_table.columns),
    id=COLUMNS.id,
    filters=(
        Choice("status", COLUMNS.status, BLOCKER_STATUSES, aliases={"standing": (OPEN, ACKNOWLEDGED)}),
        Choice("severity", COLUMNS.severity, BLOCKER_SEVERITIES),
        Choice("waiting_kind", COLUMNS.waiting_kind, WAITING_KINDS, about="Only those that wait on such."),
        Ids("blocked", COLUMNS.blocked, about="Only what keeps these people from going on.", me=True),
        Ids("waiting_on", COLUMNS.waiting_on, about="Only what waits on these: ids, names of queues.", me=True),
        Flag("open", lambda _: _STANDS, about="Those that stand (open or acknowledged), or those that do not."),
        Flag(
            "stale",
            lambda context: _STANDS & (COLUMNS.stale_at_ms <= context.now_ms),
            about="Those that stand for long, in the working hours of whoever is blocked.",
        ),
        Moment("since", COLUMNS.since_ms, about="Blocked since a time"),
        Created("created", COLUMNS.created_at_ms, COLUMNS.id, BLOCKER.id_prefix, about="Written"),
    ),
    sorts=(
        Sort(name="created_at", column=COLUMNS.id),
        Sort(name="updated_at", column=COLUMNS.updated_at_ms),
        Sort(name="since", column=COLUMNS.since_ms),
    ),
    default_sort="-created_at",
)
LISTS = (BLOCKER_LIST,)

_NEW = {
    "title": "No access to the billing sandbox",
    "details": "The invoice tests need it.",
    "waiting_on": {"kind": "external", "name": "the bank's support"},
    "severity": "hard",
    "since": "2025-10-03T08:00:00Z",
}


def add_blockers(router: APIRouter, kit: RouteKit, service: BlockerService) -> None:
    """Register the routes."""
    new = msgspec.json.Decoder(NewBlocker)
    changes = msgspec.json.Decoder(BlockerChanges)
    transition = msgspec.json.Decoder(BlockerTransition)

    async def list_blockers(request: Request) -> Response:
        """What keeps people from going on, the newest first."""
        return await kit.lists.answer(request, BLOCKER_LIST, service.views)

    async def open_blocker(request: Request) -> Response:
        """Say what keeps one from going on, and whom or what one waits on. A colleague who is waited on is told and follows."""
        return await kit.create(request, new, service.open, service.view, BLOCKER)

    async def show_blocker(request: Request) -> Response:
        """One blocker, with its age in working hours of whoever is blocked."""
        return await kit.show(request, BLOCKERS, service.view)

    async def change_blocker(request: Request) -> Response:
        """Change what a blocker says. Its state moves by transitions alone."""
        return await kit.change(request, changes, service.change, service.view)

    async def move_blocker(request: Request) -> Response:
        """Acknowledge, resolve, withdraw or reopen. Whoever is waited on may acknowledge and resolve; what is reopened keeps
        the time since which it stands."""
        return await kit.change(request, transition, service.move, service.view)

    async def remove_blocker(request: Request) -> Response:
        """Remove a blocker that should never have been, with all that hangs on it. One that is over is resolved or withdrawn."""
        return await kit.remove(request, service.remove)

    operations = Operations(router, "blockers")
    operations.add("GET", PATH, list_blockers, "List blockers", listing(BLOCKER_LIST, BlockerView, READ_BLOCKERS))
    operations.add(
        "POST",
        PATH,
        open_blocker,
        "Open a blocker",
        creating(NewBlocker, BlockerView, WRITE_BLOCKERS, {"somebody outside": _NEW}),
    )
    operations.add("GET", ONE, show_blocker, "Read a blocker", showing(BlockerView, READ_BLOCKERS))
    operations.add(
        "PATCH",
        ONE,
        change_blocker,
        "Change a blocker",
        changing(BlockerChanges, BlockerView, WRITE_BLOCKERS, {"worse than thought": {"severity": "hard"}}),
    )
    operations.add(
        "POST",
        f"{ONE}/transitions",
        move_blocker,
        "Move a blocker to another state",
        changing(
            BlockerTransition,
            BlockerView,
            WRITE_BLOCKERS,
            {"resolved": {"to": "resolved", "text": "Support opened the account."}},
        ),
    )
    operations.add("DELETE", ONE, remove_blocker, "Remove a blocker", removing(WRITE_BLOCKERS))
