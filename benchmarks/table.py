"""The result as a table for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.derived import derived_figures
from benchmarks.results import Figure, RunResult


def format_value(value: float, unit: str) -> str:
    """A figure as a person reads it: ``41,230 sends/s``, ``0.94``, ``8.31 ms``."""
    if unit == "ratio":
        return f"{value:.2f}"
    if value >= 1000:
        return f"{value:,.0f} {unit}"
    return f"{value:,.1f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def format_bar(figure: Figure) -> str:
    """The bar with its direction, or nothing."""
    if figure.bar is None:
        return ""
    return f"{'≤' if figure.lower_is_better else '≥'} {format_value(figure.bar, figure.unit)}"


def spread(figure: Figure) -> str:
    """Lowest and highest repeat, or nothing for one repeat."""
    if len(figure.values) < 2:
        return ""
    low, high = min(figure.values), max(figure.values)
    return f"{format_value(low, '').strip()} to {format_value(high, '').strip()}"


def show(run: RunResult, console: Console) -> None:
    """Print facts, figures, and what could not be measured."""
    facts = run.machine
    console.print(
        f"[bold]{facts.cpu}[/], {facts.cores} cores, {facts.memory_mb:,} MB · {facts.python} · SQLite {facts.sqlite} · "
        f"{facts.file_system}, fsync {facts.fsync_median_ms} ms (p99 {facts.fsync_p99_ms} ms) · {run.repeats} repeat(s), "
        f"size {run.size}"
    )
    for warning in facts.warnings:
        console.print(f"[yellow]{warning}[/]")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in (("scenario", "left"), ("what", "left"), ("median", "right"), ("spread", "right")):
        table.add_column(title, justify=justify)
    table.add_column("bar", justify="right")
    table.add_column("")
    for scenario in run.scenarios:
        title = scenario.title
        if scenario.skipped is not None:
            table.add_row(title, f"[yellow]skipped: {scenario.skipped}[/]")
        elif scenario.failed is not None:
            table.add_row(title, "[red]failed, see below[/]")
        for figure in scenario.figures:
            _add_row(table, title, figure)
            title = ""
        table.add_section()
    for index, figure in enumerate(derived_figures(run)):
        _add_row(table, "" if index else "Ratios of this run", figure)
    console.print(table)
    for scenario in run.scenarios:
        if scenario.failed is not None:
            console.print(f"\n[red]{scenario.name} failed:[/]")
            console.print(scenario.failed, markup=False, highlight=False)


def _add_row(table: Table, title: str, figure: Figure) -> None:
    mark = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[figure.met]
    table.add_row(
        title, figure.name, format_value(figure.median, figure.unit), spread(figure), format_bar(figure), mark
    )
