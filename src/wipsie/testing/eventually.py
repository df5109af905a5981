"""Waiting in tests without sleeping: poll until true, or fail with a sentence and the last value."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

Value = TypeVar("Value")

_INTERVAL_S_MAX = 0.05


async def eventually(
    check: Callable[[], Value | Awaitable[Value]],
    timeout_s: float = 5.0,
    message: str = "the expected state was not reached",
    *,
    interval_s: float = 0.002,
) -> Value:
    """Call `check` until it passes and return what it returned last.

    `check` is a plain or async function. It passes when it returns something true; a function annotated ``-> None`` is
    taken for a block of assertions and passes when it raises none. Waits are real time: they start at `interval_s` and
    grow to 50 ms. Raises AssertionError with `message` and the last value or assertion once `timeout_s` has passed.
    """
    only_asserts = _returns_none(check)
    deadline = time.monotonic() + timeout_s
    while True:
        failure: AssertionError | None = None
        value: Any = None
        try:
            value = check()
            if inspect.isawaitable(value):
                value = await value
            if only_asserts or value:
                return cast(Value, value)
        except AssertionError as error:
            failure = error
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            last = f"last failure: {failure}" if failure is not None else f"last value: {value!r}"
            raise AssertionError(f"{message} within {timeout_s:g} s; {last}") from failure
        await asyncio.sleep(min(interval_s, left_s))
        interval_s = min(interval_s * 1.5, _INTERVAL_S_MAX)


def _returns_none(check: Callable[[], Any]) -> bool:
    annotations: dict[str, Any] = getattr(check, "__annotations__", {})
    return "return" in annotations and annotations["return"] in (None, "None", type(None))
