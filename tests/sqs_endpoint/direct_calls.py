"""The endpoint's actions, called without HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.queue.engine import QueueEngine
from wipsie.sqs_endpoint.caller import Caller
from wipsie.sqs_endpoint.known_queues import KnownQueues
from wipsie.sqs_endpoint.moves.runner import MoveTasks
from wipsie.sqs_endpoint.operation import Call, Means, Output


class DirectCalls:
    """Calls as a client that never hangs up makes them."""

    def __init__(self, engine: QueueEngine, database: Database) -> None:
        shared = DatabaseSharedStore(database, clock=engine.clock)
        self._means = Means(engine, KnownQueues(engine), MoveTasks(engine, database), shared, None)

    async def run(self, action: Callable[[Call, Any], Awaitable[Output]], given: Any) -> Output:
        """What the action answers."""
        scope: dict[str, Any] = {"type": "http", "path": "/", "headers": [], "query_string": b"", "scheme": "http"}
        return await action(Call(self._means, Caller(scope), _never), given)


async def _never() -> Any:
    await asyncio.Event().wait()
