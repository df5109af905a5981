"""The manifest of the asyncops slice."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter

from wipsie.api.fast_route import FastRoute
from wipsie.api.lists import ListReader
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.notices import Notices
from wipsie.slices.asyncops.registry import build_subjects
from wipsie.slices.asyncops.rights import RIGHTS
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.routes.shared import add_shared
from wipsie.slices.asyncops.routes.status import add_status
from wipsie.slices.asyncops.service.status import StatusService
from wipsie.slices.manifest import Slice


class AsyncOpsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the slice that an operator may choose."""

    public_url: str = "http://127.0.0.1:8000"
    """What people type to reach this Wipsie; links in mail begin with it."""


def build(
    settings: AsyncOpsSettings, *, engine: QueueEngine, database: Database, lists: ListReader, clock: Clock
) -> Slice:
    """Compose the slice. Opens nothing."""
    subjects = build_subjects()
    notices = Notices(clock, subjects, public_url=settings.public_url.rstrip("/"))
    desk = Desk(clock, notices)
    router = APIRouter(route_class=FastRoute)
    kit = RouteKit(database, lists)
    add_shared(router, kit, subjects, desk, notices, clock)
    add_status(router, kit, StatusService(desk, clock))
    return Slice(
        name="asyncops",
        # Of its own: a stuck or full queue of others must not keep back the word of it.
        queues=[QueueSettings(name=engine.names.stored(OPERATIONS_QUEUE))],
        routers=[router],
        rights=RIGHTS,
    )
