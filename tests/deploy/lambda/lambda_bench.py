"""What tests of functions share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wipsie.app.lambda_functions import LambdaFunction
from wipsie.app.parts import Parts
from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock

EVENTS = Path(__file__).parent / "events"
FUNCTIONS = Path(__file__).parents[3] / "deploy" / "lambda" / "functions"


def document(name: str) -> dict[str, Any]:
    """An event as Amazon writes it."""
    return json.decode((EVENTS / f"{name}.json").read_bytes())


class Context:
    """What Lambda hands to a handler, with `remaining_s` left from now on."""

    def __init__(self, remaining_s: float, request_id: str = "11111111-2222-3333-4444-555555555555") -> None:
        self.aws_request_id = request_id
        self._clock = SystemClock()
        self._end = self._clock.monotonic() + remaining_s

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._end - self._clock.monotonic()) * 1000))


class Bench:
    """A function in this process, and the Wipsie whose queues it uses."""

    def __init__(self, function: LambdaFunction, parts: Parts) -> None:
        self.function = function
        self.parts = parts

    async def __call__(self, event: Any, context: Any = None) -> Any:
        """Invoke it, as Lambda does, from a thread without a loop."""
        return await asyncio.to_thread(self.function, event, context)

    async def sent(self, queue: str) -> list[dict[str, Any]]:
        """The bodies in a queue (short name), oldest first."""
        engine = self.parts.engine
        return [json.decode(one.body) for one in await engine.peek(engine.resolve(queue), limit=100)]


MakeFunction = Callable[..., Bench]
