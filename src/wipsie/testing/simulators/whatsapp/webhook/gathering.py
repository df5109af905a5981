"""Between an update and its webhook: by default nothing. The faults `reorder` and `batch` make updates wait for each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from wipsie.testing.simulators.whatsapp.faults import Fault, Faults
from wipsie.testing.simulators.whatsapp.identifiers import Identifiers
from wipsie.testing.simulators.whatsapp.timetable import Timetable
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock
from wipsie.testing.simulators.whatsapp.webhook.envelope import Update


class TooMuchWaiting(RuntimeError):
    """More updates wait than may; the application does not take them fast enough."""


class Gathering:
    """Hands updates on in lists; each list is one body."""

    def __init__(
        self,
        release: Callable[[list[Update]], None],
        *,
        faults: Faults,
        timetable: Timetable,
        clock: VirtualClock,
        identifiers: Identifiers,
        limit: int,
    ) -> None:
        self._release = release
        self._faults = faults
        self._timetable = timetable
        self._clock = clock
        self._identifiers = identifiers
        self._limit = limit
        self._waiting: deque[Update] = deque()
        self._ends_ms: dict[str, int] = {}
        self._busy = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._limit

    def publish(self, update: Update) -> None:
        """TooMuchWaiting."""
        if self.is_full:
            raise TooMuchWaiting(f"{self._limit} updates wait to be gathered.")
        self._waiting.append(update)
        self.step()

    def step(self) -> None:
        """Hand on what need not wait. Called again when faults changed or time passed."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting and self._hand_on():
                pass
        finally:
            self._busy = False

    def _hand_on(self) -> bool:
        fault = self._faults.peek("reorder", "batch")
        if fault is None:
            self._release([self._waiting.popleft()])
            return True
        if fault.skip > 0:
            fault.skip -= 1
            self._release([self._waiting.popleft()])
            return True
        if len(self._waiting) < fault.count and not self._time_is_up(fault):
            return False
        self._ends_ms.pop(fault.id, None)
        together = [self._waiting.popleft() for _ in range(min(fault.count, len(self._waiting)))]
        self._faults.spend(fault)
        if fault.kind == "batch":
            self._release(together)
        else:
            for update in self._identifiers.shuffled(together):
                self._release([update])
        return True

    def _time_is_up(self, fault: Fault) -> bool:
        ends_ms = self._ends_ms.get(fault.id)
        if ends_ms is None:
            ends_ms = self._clock.now_ms() + round(fault.seconds * 1000)
            self._ends_ms[fault.id] = ends_ms
            self._timetable.at(ends_ms, self.step)
        return ends_ms <= self._clock.now_ms()
