"""A circuit breaker around a dependency that may be down::

                 enough failures                     after open_s
      closed ───────────────────────► open ────────────────────────► half-open
        ▲                              ▲                               │  │
        │                              └──────── the probe fails ──────┘  │
        └──────────────────────── as many probes succeed as asked for ────┘

Closed lets everything through, open refuses everything with `BreakerOpen`, half-open lets one call at a time try. The
worker gives a message whose handler met `BreakerOpen` back uncounted: an outage costs no attempts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable
from wipsie.telemetry.logging import get_logger

if TYPE_CHECKING:
    from wipsie.telemetry.metrics import Metrics

ResultT = TypeVar("ResultT")

_log = get_logger(__name__)


class BreakerOpen(Unavailable):
    """The dependency is held to be down; nothing was tried. `retry_after_s` says when to try again."""

    code = "CIRCUIT_OPEN"


class BreakerState(Enum):
    """The value is the one the metric shows."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, kw_only=True)
class BreakerSettings:
    """When to open, how long to stay open, when to trust again."""

    failures_max: int = 5
    """This many failures in a row open."""
    failure_ratio: float | None = 0.5
    """So does this share of the calls in the window; None looks at failures in a row only."""
    window_s: float = 60.0
    calls_min: int = 20
    """The share means nothing below this many calls in the window."""
    open_s: float = 30.0
    probes: int = 1
    """Successful probes in a row that close again."""


def any_exception(error: BaseException) -> bool:
    """Every exception is a failure of the dependency."""
    return isinstance(error, Exception)


class CircuitBreaker:
    """Use as ``async with breaker:`` around one call, or ``await breaker.call(function, …)``. One event loop only."""

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        settings: BreakerSettings | None = None,
        metrics: Metrics | None = None,
        is_failure: Callable[[BaseException], bool] = any_exception,
    ) -> None:
        """`is_failure` tells failures of the dependency from errors it answered in good health (a 404, say). A cancelled
        call counts neither way."""
        self.name = name
        self.settings = settings or BreakerSettings()
        self._clock = clock
        self._metrics = metrics
        self._is_failure = is_failure
        self._state = BreakerState.CLOSED
        self._failures_in_row = 0
        self._probes_succeeded = 0
        self._probe: asyncio.Task[object] | None = None
        self._opened_at = 0.0
        self._window: deque[tuple[float, bool]] = deque(maxlen=10_000)
        if metrics is not None:
            metrics.circuit_breaker_state.labels(name).set(self._state.value)

    @property
    def state(self) -> BreakerState:
        """Open turns half-open by itself once its time has passed."""
        if self._state is BreakerState.OPEN and self._clock.monotonic() >= self._opened_at + self.settings.open_s:
            self._turn(BreakerState.HALF_OPEN)
        return self._state

    @property
    def failures_in_row(self) -> int:
        return self._failures_in_row

    def retry_after_s(self) -> float:
        """Seconds until a call may be let through; 0 when one may now."""
        state = self.state
        if state is BreakerState.OPEN:
            return max(0.0, self._opened_at + self.settings.open_s - self._clock.monotonic())
        if state is BreakerState.HALF_OPEN and self._probe is not None:
            return 1.0
        return 0.0

    async def __aenter__(self) -> CircuitBreaker:
        """Ask to call. Raises BreakerOpen."""
        state = self.state
        if state is BreakerState.CLOSED:
            return self
        if state is BreakerState.HALF_OPEN and self._probe is None:
            self._probe = asyncio.current_task()
            return self
        retry_after_s = self.retry_after_s()
        raise BreakerOpen(
            f"'{self.name}' is not answering; it is tried again in {retry_after_s:.0f} s.",
            details={"breaker": self.name},
            retry_after_s=retry_after_s,
        )

    async def __aexit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        probing = self._probe is not None and self._probe is asyncio.current_task()
        if probing:
            self._probe = None
        if error is None:
            self._succeeded(probing)
        elif isinstance(error, Exception):
            if self._is_failure(error):
                self._failed(probing)
            else:
                self._succeeded(probing)

    async def call(self, function: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Await ``function()`` behind the breaker. Raises BreakerOpen, or what the function raises."""
        async with self:
            return await function()

    def _succeeded(self, probing: bool) -> None:
        self._failures_in_row = 0
        if probing:
            self._probes_succeeded += 1
            if self._probes_succeeded >= self.settings.probes:
                self._turn(BreakerState.CLOSED)
        elif self._state is BreakerState.CLOSED:
            self._note(failed=False)

    def _failed(self, probing: bool) -> None:
        self._failures_in_row += 1
        if probing:
            self._turn(BreakerState.OPEN)
        elif self._state is BreakerState.CLOSED:
            self._note(failed=True)
            if self._failures_in_row >= self.settings.failures_max or self._ratio_reached():
                self._turn(BreakerState.OPEN)

    def _note(self, *, failed: bool) -> None:
        now = self._clock.monotonic()
        self._window.append((now, failed))
        while self._window and self._window[0][0] <= now - self.settings.window_s:
            self._window.popleft()

    def _ratio_reached(self) -> bool:
        ratio = self.settings.failure_ratio
        if ratio is None or len(self._window) < self.settings.calls_min:
            return False
        return sum(failed for _, failed in self._window) >= ratio * len(self._window)

    def _turn(self, state: BreakerState) -> None:
        self._state = state
        self._probes_succeeded = 0
        if state is BreakerState.OPEN:
            self._opened_at = self._clock.monotonic()
        elif state is BreakerState.CLOSED:
            self._failures_in_row = 0
            self._window.clear()
        if self._metrics is not None:
            self._metrics.circuit_breaker_state.labels(self.name).set(state.value)
            self._metrics.circuit_breaker_transitions_total.labels(self.name, state.name.lower()).inc()
        _log.warning("circuit_breaker_changed", breaker=self.name, state=state.name.lower())


class BreakerRegistry:
    """The breakers of one process by name, so that two users of a dependency share one and a page can show all."""

    def __init__(self, clock: Clock, metrics: Metrics | None = None) -> None:
        self._clock = clock
        self._metrics = metrics
        self._breakers: dict[str, CircuitBreaker] = {}

    def get(
        self,
        name: str,
        settings: BreakerSettings | None = None,
        is_failure: Callable[[BaseException], bool] = any_exception,
    ) -> CircuitBreaker:
        """The breaker of this name; made with these settings when it is asked for the first time."""
        breaker = self._breakers.get(name)
        if breaker is None:
            breaker = self._breakers[name] = CircuitBreaker(
                name, clock=self._clock, settings=settings, metrics=self._metrics, is_failure=is_failure
            )
        return breaker

    def status(self) -> dict[str, dict[str, object]]:
        """State, failures in a row and seconds to the next try, by name."""
        return {
            name: {
                "state": breaker.state.name.lower(),
                "failures_in_row": breaker.failures_in_row,
                "retry_after_s": breaker.retry_after_s(),
            }
            for name, breaker in self._breakers.items()
        }
