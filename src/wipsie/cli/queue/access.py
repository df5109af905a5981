"""One engine for the length of one command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from wipsie.kernel.audit_event import Fact
    from wipsie.queue.engine import QueueEngine

Result = TypeVar("Result")
Queue = Annotated[str, typer.Argument(help="Queue, for example default or default_dlq.", show_default=False)]


def with_engine(use: Callable[[QueueEngine], Awaitable[Result]]) -> Result:
    """Open the queues of this data folder, run `use`, close them."""
    from wipsie.app.opened_queues import opened_queues
    from wipsie.cli.running import queue_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = queue_settings()

    async def work() -> Result:
        async with opened_queues(settings, SystemClock()) as engine:
            return await use(engine)

    return run(work())


def change_queue(verb: str, queue: str, use: Callable[[QueueEngine], Awaitable[Result]], **facts: Fact) -> Result:
    """`with_engine` for what changes a queue. Its event is in the audit log before anything happens: the queues may lie
    elsewhere than the log, so the two cannot share a commit, and nothing shall happen that the log does not know of.
    QueueNotFound before anything is logged."""
    from wipsie.app.opened_database import opened_database
    from wipsie.app.opened_queues import opened_queues
    from wipsie.cli.running import queue_settings, run
    from wipsie.kernel.audit_event import AuditEvent
    from wipsie.kernel.clock import SystemClock

    settings, clock = queue_settings(), SystemClock()

    async def work() -> Result:
        async with opened_queues(settings, clock) as engine:
            name = engine.names.short(engine.resolve(queue))
            event = AuditEvent(actor="cli", action=f"queue:queue:{verb}", object=f"queue:{name}", facts=facts)
            async with opened_database(settings, clock) as database, database.unit_of_work() as unit:
                unit.record(event)
            return await use(engine)

    return run(work())
