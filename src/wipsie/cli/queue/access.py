"""One engine for the length of one command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
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
