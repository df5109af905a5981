"""The result side by side: one column per store, Wipsie's figures above, those of the rivals on the same store beneath."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.catalogue import family_of, store_of
from benchmarks.derived import PROCESSED
from benchmarks.results import Figure, RunResult, ScenarioResult
from benchmarks.stores import TITLES

FAMILIES = ("durable_sends", "tasks_processed", "task_latency")
"""Families that are shown here in full; those of the rivals are too."""


class Row(NamedTuple):
    """One line: a label and a cell for each store that has one. A line without cells is a heading."""

    label: str
    cells: dict[str, str]


_OWN = (
    ("durable_sends", "200 senders", "durable sends/s, 200 senders"),
    ("durable_sends", "1 sender", "durable sends/s, 1 sender"),
    ("durable_sends", "batches of 100", "durable messages/s, batches of 100"),
    ("durable_sends", "batches of 1000", "durable messages/s, batches of 1000"),
    ("tasks_processed", PROCESSED, "no-op tasks processed/s"),
    ("tasks_processed", "tasks with a stored result", "tasks with a stored result/s"),
    ("task_latency", "p50", "send to handler, p50, ms"),
    ("task_latency", "p99", "send to handler, p99, ms"),
)
_FLATNESS = "at the largest backlog against the smallest"


def stores_of(run: RunResult) -> list[str]:
    """The stores that anything of the matrix was measured on, in order."""
    measured = {store_of(scenario.name) for scenario in run.scenarios if scenario.figures and belongs(scenario.name)}
    return [store for store in TITLES if store in measured]


def belongs(name: str) -> bool:
    """Whether all figures of the scenario are shown here."""
    family = family_of(name)
    return family in FAMILIES or (family is not None and family.startswith("rival_"))


def rows(run: RunResult) -> list[Row]:
    """All lines that have at least one figure, with their headings."""
    own = [*_own_rows(run), *_flatness(run)]
    rivals = list(_rival_rows(run))
    return [*([Row("Wipsie", {}), *own] if own else []), *([Row("Others", {}), *rivals] if rivals else [])]


def _own_rows(run: RunResult) -> Iterator[Row]:
    for family, figure_name, label in _OWN:
        cells: dict[str, str] = {}
        for scenario in _scenarios(run, family):
            figure = scenario.figure(figure_name)
            if figure is not None:
                cells[store_of(scenario.name) or ""] = _cell(figure)
        if cells:
            yield Row(label, cells)


def _flatness(run: RunResult) -> Iterator[Row]:
    cells: dict[str, str] = {}
    for scenario in _scenarios(run, "backlog"):
        ratio = next((figure for figure in scenario.figures if figure.unit == "ratio"), None)
        if ratio is not None:
            cells[store_of(scenario.name) or ""] = f"{_cell(ratio)} ({ratio.name})"
    if cells:
        yield Row(f"send + receive + delete {_FLATNESS}", cells)


def _rival_rows(run: RunResult) -> Iterator[Row]:
    """For each rival its tasks processed, then the ways in which they were enqueued."""
    by_rival: dict[str, list[ScenarioResult]] = {}
    for scenario in run.scenarios:
        family = family_of(scenario.name)
        if family is not None and family.startswith("rival_") and scenario.figures:
            by_rival.setdefault(family, []).append(scenario)
    for scenarios in by_rival.values():
        first = scenarios[0]
        title = first.title.removeprefix("Rival: ").partition(" on ")[0]
        version = first.settings.get("version", "")
        for number, name in enumerate(dict.fromkeys(figure.name for one in scenarios for figure in one.figures)):
            cells = {store_of(one.name) or "": _cell(figure) for one in scenarios if (figure := one.figure(name))}
            yield Row(f"{title} {version}: {name}/s" if number == 0 else f"{title}: {name}/s", cells)


def _scenarios(run: RunResult, family: str) -> list[ScenarioResult]:
    return [scenario for scenario in run.scenarios if family_of(scenario.name) == family and store_of(scenario.name)]


def _cell(figure: Figure) -> str:
    value = figure.median
    text = f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if figure.unit in {"ratio", "ms"} else f"{value:.1f}"
    if figure.met is None or figure.bar is None:
        return text
    bar = f"{figure.bar:,.0f}" if figure.bar >= 100 else f"{figure.bar:g}"
    return f"{text} ({'met' if figure.met else 'missed'}: {'≤' if figure.lower_is_better else '≥'} {bar})"
