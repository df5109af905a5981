"""The manifest through which a slice tells `app` everything it brings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import APIRouter

from wipsie.api.health import HealthCheck
from wipsie.auth.rights import Right
from wipsie.database.personal_data import PersonalData
from wipsie.queue.contract import QueueSettings
from wipsie.workers.handler import HandlerSpec
from wipsie.workers.schedules import ScheduleSpec


class Listener(Protocol):
    """Something beside the HTTP API that others connect to."""

    async def start(self) -> None:
        """Listen. ConfigurationError when it cannot: then nothing is open."""
        ...

    async def stop(self) -> None:
        """Finish what came in, bounded, and close."""
        ...


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
    refresh_metrics: Sequence[Callable[[], Awaitable[None]]] = ()
    """Bring gauges up to date that nobody updates as things happen; called before each scrape."""
    upkeep: Sequence[Callable[[], Awaitable[None]]] = ()
    """What is done once an hour, by several processes at a time if it must be; StorageUnavailable is tried again."""
    listeners: Sequence[Listener] = ()
    """Started where the API runs."""
    larger_bodies: Mapping[str, int] = field(default_factory=dict[str, int])
    """By the beginning of paths: the largest body of a request there, in bytes, where that is more than usual."""
    rights: Sequence[Right] = ()
    """Its rows of the rights table; its routes name no other permissions."""
    personal_data: PersonalData | None = None
    """What its tables hold of people; None for a slice whose tables hold nothing of anybody."""
    on_start: Sequence[Callable[[], Awaitable[Any]]] = field(default=())
    on_stop: Sequence[Callable[[], Awaitable[Any]]] = field(default=())
