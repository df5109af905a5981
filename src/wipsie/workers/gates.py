"""Who may run next to whom: concurrency per handler and per key.

A message that must wait is put aside instead of back into the queue: it starts the moment its key is free, in order of
arrival, and costs no write. The place aside is bounded; what does not fit is given back, uncounted, for a second.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Any

from wipsie.queue.message import StandardMessage
from wipsie.workers.held import Held
from wipsie.workers.route import Route


class Entry(Enum):
    """What came of asking to run."""

    OPEN = auto()
    ASIDE = auto()
    """It waits here and will be handed out by `leave`."""
    FULL = auto()
    """There is no room to wait."""


class Gate:
    """Lets `limit` through at a time."""

    __slots__ = ("key", "limit", "running", "waiting")

    def __init__(self, limit: int, key: tuple[Route, str] | None = None) -> None:
        self.limit = limit
        self.key = key
        self.running = 0
        self.waiting: deque[Held] = deque()


class Gates:
    """The gates of one consumer."""

    def __init__(self, aside_max: int) -> None:
        self._aside_max = aside_max
        self._aside = 0
        self._by_handler: dict[Route, Gate] = {}
        self._by_key: dict[tuple[Route, str], Gate] = {}
        self._passed: dict[Held, list[Gate]] = {}

    @property
    def aside(self) -> int:
        """How many messages wait here."""
        return self._aside

    def enter(self, held: Held, route: Route, message: StandardMessage[Any]) -> Entry:
        """Ask to run. Whatever the handler's key function raises is raised."""
        spec = route.spec
        passed = self._passed.setdefault(held, [])
        # The key first: who waits for a handler may hold a key, who runs a handler waits for nothing; so no circle.
        if spec.concurrency_key is not None and not passed:
            key = spec.concurrency_key(message)
            if key is not None:
                gate = self._by_key.get((route, key))
                if gate is None:
                    gate = self._by_key[route, key] = Gate(1, (route, key))
                if gate.running >= gate.limit:
                    return self._put_aside(gate, held)
                gate.running += 1
                passed.append(gate)
        if spec.concurrency is not None:
            gate = self._by_handler.get(route)
            if gate is None:
                gate = self._by_handler[route] = Gate(spec.concurrency)
            if gate.running >= gate.limit:
                return self._put_aside(gate, held)
            gate.running += 1
            passed.append(gate)
        return Entry.OPEN

    def leave(self, held: Held) -> list[Held]:
        """Free what `held` occupied; gives those that may ask again now, first come first."""
        freed: list[Held] = []
        for gate in reversed(self._passed.pop(held, ())):
            gate.running -= 1
            if gate.waiting:
                freed.append(gate.waiting.popleft())
                self._aside -= 1
            elif gate.key is not None and not gate.running:
                del self._by_key[gate.key]
        return freed

    def take_all(self) -> list[Held]:
        """Empty the place aside, for giving everything back."""
        taken: list[Held] = []
        for gate in (*self._by_handler.values(), *self._by_key.values()):
            taken.extend(gate.waiting)
            gate.waiting.clear()
        for held in taken:
            self._passed.pop(held, None)
        self._aside = 0
        return taken

    def _put_aside(self, gate: Gate, held: Held) -> Entry:
        if self._aside >= self._aside_max:
            return Entry.FULL
        gate.waiting.append(held)
        self._aside += 1
        return Entry.ASIDE
