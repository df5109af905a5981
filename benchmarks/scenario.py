"""What a benchmark scenario is: a name, a function that measures, and a bound on its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")

Settings = dict[str, str | int | float]
"""How something was measured, for the reader of the results."""


class Skipped(Exception):
    """The scenario cannot run here; the text says what is missing and how to get it."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of one repeat."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    """What the project wants to reach (see `lower_is_better` for the direction)."""
    lower_is_better: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one repeat of a scenario gives back."""

    measurements: list[Measurement]
    settings: Settings = {}


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much work a run does."""

    name: str
    repeats: int

    def pick(self, *, full: T, quick: T, smoke: T) -> T:
        """The amount for this size."""
        return {"full": full, "quick": quick, "smoke": smoke}[self.name]


SIZES = {
    "full": Size(name="full", repeats=3),
    "quick": Size(name="quick", repeats=1),
    # Only to show that the scenarios run; the figures mean nothing.
    "smoke": Size(name="smoke", repeats=1),
}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario. `run` is called in a fresh process with the size and an empty folder on the measured disk."""

    name: str
    title: str
    run: Callable[[Size, Path], Outcome]
    time_limit_s: float = 120.0
    """Bound on one repeat; a repeat that takes longer is ended and reported as failed."""
    repeats_max: int | None = None
    """Repeats that are enough; for scenarios that are long and take turns with themselves inside."""
    needs: tuple[str, ...] = field(default=())
    """Programs that must be installed, for `--list`."""
