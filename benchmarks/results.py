"""The result file: every figure of every repeat, with the machine it was measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.machine import MachineFacts
from benchmarks.scenario import Outcome, Settings
from benchmarks.statistics import median


class Figure(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One measured quantity over all repeats."""

    name: str
    unit: str
    median: float
    values: list[float]
    bar: float | None = None
    lower_is_better: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the bar; None without a bar."""
        if self.bar is None:
            return None
        return self.median <= self.bar if self.lower_is_better else self.median >= self.bar


class ScenarioResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All repeats of one scenario."""

    name: str
    title: str
    settings: Settings = {}
    figures: list[Figure] = []
    seconds: float = 0.0
    skipped: str | None = None
    failed: str | None = None

    def figure(self, name: str) -> Figure | None:
        """A figure by name."""
        return next((figure for figure in self.figures if figure.name == name), None)


class RunResult(msgspec.Struct, kw_only=True):
    """One run of the benchmarks; what the JSON file holds."""

    name: str
    started_at: str
    size: str
    repeats: int
    machine: MachineFacts
    scenarios: list[ScenarioResult]

    def scenario(self, name: str) -> ScenarioResult | None:
        """A scenario by name."""
        return next((scenario for scenario in self.scenarios if scenario.name == name), None)


def gather(name: str, title: str, outcomes: Sequence[Outcome], seconds: float) -> ScenarioResult:
    """Join the repeats of a scenario: the median of each figure, with all its values."""
    result = ScenarioResult(name=name, title=title, seconds=round(seconds, 1))
    if not outcomes:
        return result
    result.settings = outcomes[-1].settings
    for first in outcomes[0].measurements:
        values = [m.value for outcome in outcomes for m in outcome.measurements if m.name == first.name]
        figure = Figure(
            name=first.name,
            unit=first.unit,
            median=median(values),
            values=values,
            bar=first.bar,
            lower_is_better=first.lower_is_better,
        )
        result.figures.append(figure)
    return result


def save(run: RunResult, folder: Path) -> Path:
    """Write the run as `<name>.json` and give the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")
    return path


def load(path: Path) -> RunResult:
    """Read a result file. msgspec.ValidationError when it is none."""
    return msgspec.json.decode(path.read_bytes(), type=RunResult)
