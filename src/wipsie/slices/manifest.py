"""The manifest through which a slice tells `app` everything it brings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from wipsie.api.health import HealthCheck
from wipsie.auth.rights import Right
from wipsie.database.personal_data import PersonalData
from wipsie.queue.contract import QueueSettings
from wipsie.workers.handler import HandlerSpec
from wipsie.workers.schedules import ScheduleSpec


@dataclass(frozen=True, kw_only=True)
class Slice:
    """What one slice brings: all fields but the name may be empty."""

    name: str
    queues: Sequence[QueueSettings] = ()
    """Queues that must exist; their dead-letter queues are made with them."""
    routers: Sequence[APIRouter] = ()
    handlers: Sequence[HandlerSpec] = ()
    schedules: Sequence[ScheduleSpec] = ()
    health: Sequence[HealthCheck] = ()
    rights: Sequence[Right] = ()
    """Its rows of the rights table; its routes name no other permissions."""
    personal_data: PersonalData | None = None
    """What its tables hold of people; None for a slice whose tables hold nothing of anybody."""
    on_start: Sequence[Callable[[], Awaitable[Any]]] = field(default=())
    on_stop: Sequence[Callable[[], Awaitable[Any]]] = field(default=())
