"""For users too: a clock tests own, waiting with a deadline, and the behavioural suite of queue backends."""

from __future__ import annotations

from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

__all__ = ["FakeClock", "eventually"]
