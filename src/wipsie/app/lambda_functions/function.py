"""A Lambda function: one event loop and one set of parts for as long as its container lives."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from wipsie.app.lambda_functions.invocation import Invocation
from wipsie.app.lambda_functions.settings import read_function_settings
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.app.settings import environment
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import WipsieError
from wipsie.telemetry.correlation import reset, set_ids
from wipsie.telemetry.logging import get_logger

Serve = Callable[[Workshop, Any, Invocation], Awaitable[Any]]
"""(parts, event, invocation) to what Lambda is answered."""

_log = get_logger(__name__)


class LambdaFunction:
    """Callable as Lambda calls handlers: ``function(event, context)``, one invocation at a time."""

    def __init__(self, serve: Serve, *, values: Mapping[str, str] | None = None, clock: Clock | None = None) -> None:
        """`values`: settings by name, instead of those of the environment. Reads and opens nothing yet, so that what is wrong
        with it is the answer to an invocation and not a container that does not start."""
        self._serve = serve
        self._values = values
        self._clock = clock or SystemClock()
        self._runner: asyncio.Runner | None = None
        self._workshop: Workshop | None = None
        self._turn = threading.Lock()

    def __call__(self, event: Any, context: Any = None) -> Any:
        """Serve one event. Raises when nothing could be done: Lambda then tries again as its trigger says."""
        with self._turn:
            invocation = Invocation.of(context, self._clock)
            if self._runner is None:
                self._runner = asyncio.Runner()
            return self._runner.run(self._invoke(event, invocation))

    def close(self) -> None:
        """End what was opened. Lambda gives no time for that, tests do."""
        runner, self._runner = self._runner, None
        if runner is not None:
            workshop, self._workshop = self._workshop, None
            if workshop is not None:
                runner.run(workshop.close())
            runner.close()

    async def _invoke(self, event: Any, invocation: Invocation) -> Any:
        ids = set_ids(request_id=invocation.request_id)
        try:
            workshop = self._workshop
            if workshop is None:
                values = environment(None) if self._values is None else self._values
                workshop = self._workshop = Workshop(read_function_settings(values), self._clock)
            return await self._serve(workshop, event, invocation)
        except WipsieError as error:
            _log.error("invocation_failed", code=error.code, error=error.message, details=error.details)
            raise
        except Exception as error:
            _log.error("invocation_failed", error=f"{type(error).__name__}: {error}")
            raise
        finally:
            reset(ids)
