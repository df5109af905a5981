"""The Markdown tables of a result file, for the README: `python -m benchmarks.report [FILE]`. Every figure is from the file.

First the stores side by side with the rivals beneath, then everything that has no column there, then the ratios.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.derived import derived_figures
from benchmarks.matrix import belongs, rows, stores_of
from benchmarks.results import Figure, RunResult, load
from benchmarks.stores import TITLES
from benchmarks.table import format_bar, format_value, spread

RESULTS = Path(__file__).resolve().parent / "results"


def markdown(run: RunResult) -> str:
    """The machine, the tables, and what was not measured."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: RunResult) -> Iterator[str]:
    facts = run.machine
    yield (
        f"Measured {run.started_at[:10]} on {facts.cores} cores of {facts.cpu}, {facts.memory_mb / 1024:.0f} GB, "
        f"{facts.file_system} (fsync {facts.fsync_median_ms} ms, p99 {facts.fsync_p99_ms} ms), {facts.system}, "
        f"{facts.python} (loop of a million additions: {facts.python_probe_ms} ms), SQLite {facts.sqlite}{_servers(run)}, commit {facts.commit or 'unknown'}. "
        f"Median of {run.repeats} repeat{'s' if run.repeats > 1 else ''}, size {run.size}."
    )
    for warning in facts.warnings:
        yield ""
        yield f"**Take with care:** {warning}"
    yield ""
    yield from _side_by_side(run)
    others = [scenario for scenario in run.scenarios if scenario.figures and not belongs(scenario.name)]
    ratios = derived_figures(run)
    if others or ratios:
        yield "| what | median | spread | bar | |"
        yield "|---|--:|--:|--:|---|"
    for scenario in others:
        yield f"| **{scenario.title}** | | | | |"
        yield from map(_row, scenario.figures)
    if ratios:
        yield "| **Ratios of this run** | | | | |"
    yield from map(_row, ratios)
    missing = [(scenario.title, scenario.skipped or scenario.failed) for scenario in run.scenarios]
    for title, reason in missing:
        if reason is not None:
            yield ""
            yield f"Not measured: {title}. {reason.splitlines()[-1]}"


def _servers(run: RunResult) -> str:
    """The releases of the servers that were measured, as the scenarios wrote them down."""
    found = {
        title: scenario.settings[name]
        for name, title in (("postgresql", "PostgreSQL"), ("redis", "Redis"), ("moto", "moto"))
        for scenario in run.scenarios
        if name in scenario.settings
    }
    return "".join(f", {title} {release}" for title, release in found.items())


def _side_by_side(run: RunResult) -> Iterator[str]:
    stores = stores_of(run)
    if not stores:
        return
    yield f"| | {' | '.join(TITLES[store] for store in stores)} |"
    yield f"|---|{'--:|' * len(stores)}"
    for row in rows(run):
        label = row.label if row.cells else f"**{row.label}**"
        yield f"| {label} | {' | '.join(row.cells.get(store, '') for store in stores)} |"
    yield ""


def _row(figure: Figure) -> str:
    mark = {True: "met", False: "**missed**", None: ""}[figure.met]
    value = format_value(figure.median, figure.unit)
    return f"| {figure.name} | {value} | {spread(figure)} | {format_bar(figure)} | {mark} |"


def main(arguments: list[str]) -> int:
    """Print the table of the named file, or of the newest one."""
    files = [Path(argument) for argument in arguments] or sorted(RESULTS.glob("*.json"), key=_written_at)[-1:]
    if not files:
        sys.stderr.write("There is no result yet; run `make bench` first.\n")
        return 1
    sys.stdout.write(markdown(load(files[0])))
    return 0


def _written_at(path: Path) -> float:
    return path.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
