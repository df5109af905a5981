"""The result as a table for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.derived import derived_figures
from benchmarks.matrix import rows, stores_of
from benchmarks.results import Figure, RunResult
from benchmarks.stores import TITLES


def format_value(value: float, unit: str) -> str:
    """A figure as a person reads it: ``41,230 sends/s``, ``0.94``, ``8.31 ms``."""
    if unit == "ratio":
        return f"{value:.2f}"
    if value >= 1000:
        return f"{value:,.0f} {unit}"
    return f"{value:,.1f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def format_bar(figure: Figure) -> str:
    """The bar with its direction, or nothing."""
    if figure.bar is None:
        return ""
    return f"{'≤' if figure.lower_is_better else '≥'} {_short(figure.bar)}"


def spread(figure: Figure) -> str:
    """Lowest and highest repeat, or nothing for one repeat."""
    if len(figure.values) < 2:
        return ""
    low, high = min(figure.values), max(figure.values)
    return f"{_short(low)} to {_short(high)}"


def show(run: RunResult, console: Console) -> None:
    """Print facts, figures, and what could not be measured."""
    facts = run.machine
    console.print(
        f"[bold]{facts.cpu}[/], {facts.cores} cores, {facts.memory_mb:,} MB · {facts.python} · SQLite {facts.sqlite} · "
        f"Python loop {facts.python_probe_ms} ms · {facts.file_system}, fsync {facts.fsync_median_ms} ms "
        f"(p99 {facts.fsync_p99_ms} ms) · {run.repeats} repeat(s), "
        f"size {run.size}"
    )
    for warning in facts.warnings:
        console.print(f"[yellow]{warning}[/]")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what")
    for title in ("median", "spread", "bar"):
        table.add_column(title, justify="right", no_wrap=True)
    for scenario in run.scenarios:
        if scenario.figures:
            table.add_row(f"[bold]{scenario.title}[/]")
        for figure in scenario.figures:
            _add_row(table, figure)
    ratios = derived_figures(run)
    if ratios:
        table.add_row("[bold]Ratios of this run[/]")
    for figure in ratios:
        _add_row(table, figure)
    console.print(table)
    _show_side_by_side(run, console)
    for scenario in run.scenarios:
        if scenario.skipped is not None:
            console.print(f"\n[yellow]{scenario.title}: skipped, {scenario.skipped}[/]", highlight=False)
        if scenario.failed is not None:
            console.print(f"\n[red]{scenario.title}: failed[/]", highlight=False)
            console.print(scenario.failed, markup=False, highlight=False)


def _show_side_by_side(run: RunResult, console: Console) -> None:
    stores = stores_of(run)
    if len(stores) < 2:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("side by side")
    for store in stores:
        table.add_column(TITLES[store], justify="right")
    for row in rows(run):
        label = f"  {row.label}" if row.cells else f"[bold]{row.label}[/]"
        table.add_row(label, *(row.cells.get(store, "") for store in stores))
    console.print()
    console.print(table)


def _add_row(table: Table, figure: Figure) -> None:
    bar = format_bar(figure)
    if figure.met is not None:
        bar += " [green]met[/]" if figure.met else " [red]missed[/]"
    table.add_row(f"  {figure.name}", format_value(figure.median, figure.unit), spread(figure), bar)
