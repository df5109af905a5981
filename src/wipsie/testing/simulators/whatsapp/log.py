"""What went over the wire: calls of the application, and attempts to bring it webhooks. Bounded; the oldest go first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Literal

import msgspec

WORDS_MAX = 2000


class Call(msgspec.Struct, kw_only=True):
    """One call of the Graph side."""

    number: int
    at_ms: int
    method: str
    path: str
    route: str
    request: Any
    """Its JSON, or what of a form is not the file."""
    status_code: int = 0
    """0: the connection was broken off."""
    answer: Any = None
    error_code: int | None = None
    version: str | None = None


class Attempt(msgspec.Struct, kw_only=True):
    """One try to bring one webhook."""

    number: int
    at_ms: int
    delivery_id: str
    attempt: int
    """1 for the first."""
    updates: int
    summary: str
    """What is in it, in a few words."""
    signature: str | None
    body: bytes | None
    """The bytes as they were sent; None once the log grew too long to keep them."""
    outcome: Literal["acknowledged", "refused", "failed"] = "failed"
    status_code: int | None = None
    reason: str = ""
    """Why it failed."""
    next_at_ms: int | None = None
    """When it is tried again; None: never."""
    duplicate: bool = False


class Log:
    """`calls` and `attempts`, oldest first."""

    def __init__(self, *, entries: int, body_bytes: int, changed: Callable[[], None] = lambda: None) -> None:
        self._calls: deque[Call] = deque(maxlen=entries)
        self._attempts: deque[Attempt] = deque(maxlen=entries)
        self._bodies: deque[Attempt] = deque()
        self._body_bytes = 0
        self._body_bytes_max = body_bytes
        self._number = 0
        self._changed = changed

    @property
    def calls(self) -> list[Call]:
        return list(self._calls)

    @property
    def attempts(self) -> list[Attempt]:
        return list(self._attempts)

    @property
    def sends(self) -> list[Call]:
        """Calls that asked for a message to be sent, refused ones too."""
        return [call for call in self._calls if call.route == "messages"]

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def add_call(self, call: Call) -> None:
        self._calls.append(call)
        self._changed()

    def add_attempt(self, attempt: Attempt) -> None:
        """Keeps its body as long as there is room for bodies."""
        self._attempts.append(attempt)
        self._bodies.append(attempt)
        self._body_bytes += len(attempt.body or b"")
        while self._bodies and (self._body_bytes > self._body_bytes_max or len(self._bodies) > len(self._attempts)):
            oldest = self._bodies.popleft()
            self._body_bytes -= len(oldest.body or b"")
            oldest.body = None
        self._changed()

    def touched(self) -> None:
        """An entry learnt how it ended."""
        self._changed()

    def clear(self) -> None:
        self._calls.clear()
        self._attempts.clear()
        self._bodies.clear()
        self._body_bytes = 0
        self._changed()
