"""The command: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks.catalogue import BACKENDS, choose, family_names, find_scenario, scenario_names
from benchmarks.machine import machine_facts, processor_times_s
from benchmarks.programs import INSTALLABLE, ensure_program
from benchmarks.results import RunResult, save
from benchmarks.runner import OPEN_TO_SERVERS, ROOT, run_scenarios
from benchmarks.scenario import SIZES, Scenario, Size
from benchmarks.table import show

RESULTS = ROOT / "benchmarks" / "results"
DATA = ROOT / "build" / "benchmarks"
"""Ignored by git, and on the disk of the repository: a temporary folder may be in memory, where fsync costs nothing."""


def main(
    only: Annotated[
        list[str] | None, typer.Option(help="Run this scenario, or this family on all its backends; may be repeated.")
    ] = None,
    backend: Annotated[
        list[str] | None, typer.Option(help=f"Run what concerns this backend ({', '.join(BACKENDS)}); may be repeated.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One short repeat: a first impression.")] = False,
    size: Annotated[str, typer.Option(help="full, quick or smoke (smoke only shows that everything runs).")] = "full",
    repeats: Annotated[int | None, typer.Option(min=1, max=50, help="Repeats per scenario; 3 by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of the result file; local-<time> by default.")] = None,
    directory: Annotated[
        Path | None, typer.Option(help="Where the measured data lives; build/benchmarks by default.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Where the result file goes.")] = RESULTS,
    list_scenarios: Annotated[bool, typer.Option("--list", help="List the scenarios and leave.")] = False,
) -> None:
    """Measure Wipsie and its rivals on this machine. Takes the machine for itself: stop other work first."""
    # An exception, so that what was started is ended and temporary data removed.
    signal.signal(signal.SIGTERM, _leave)
    console = Console(stderr=json)
    known = scenario_names()
    if list_scenarios:
        for one in known:
            scenario = find_scenario(one)
            needs = f"  (needs {', '.join(scenario.needs)})" if scenario.needs else ""
            console.print(f"{one:31} {scenario.title}{needs}", highlight=False)
        return
    if quick:
        size = "quick"
    if size not in SIZES:
        raise typer.BadParameter(f"'{size}' is no size; use {', '.join(SIZES)}.", param_hint="--size")
    for one in only or ():
        if one not in known and one not in family_names():
            names = ", ".join(dict.fromkeys([*family_names(), *known]))
            raise typer.BadParameter(f"'{one}' is no scenario; use {names}.", param_hint="--only")
    for one in backend or ():
        if one not in BACKENDS:
            raise typer.BadParameter(f"'{one}' is no backend; use {', '.join(BACKENDS)}.", param_hint="--backend")
    chosen = [find_scenario(one) for one in choose(only or (), backend or ())]
    if not chosen:
        raise typer.BadParameter("No scenario fits both --only and --backend; see --list.", param_hint="--backend")
    for program in sorted({program for scenario in chosen for program in scenario.needs if program in INSTALLABLE}):
        if ensure_program(program) is None:
            console.print(f"[yellow]{program} is not here and cannot be installed; see benchmarks/README.md.[/]")
    run = _measure(chosen, SIZES[size], repeats or SIZES[size].repeats, name, directory or DATA, console)
    path = save(run, results)
    if json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")
    else:
        show(run, console)
    console.print(f"Written to {path}", highlight=False)
    if any(scenario.failed is not None for scenario in run.scenarios):
        raise typer.Exit(1)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _measure(
    chosen: list[Scenario], size: Size, repeats: int, name: str | None, directory: Path, console: Console
) -> RunResult:
    started_at = datetime.now(UTC)
    directory.mkdir(parents=True, exist_ok=True)
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="benchmarks-", dir=directory, ignore_cleanup_errors=True) as folder,
        Progress(*columns, TextColumn("{task.description}"), console=console, transient=True) as progress,
    ):
        Path(folder).chmod(OPEN_TO_SERVERS)
        bar = progress.add_task("looking at the machine", total=len(chosen) * repeats)
        facts = machine_facts(Path(folder))
        all_before_s, stolen_before_s = processor_times_s()
        steps = -1

        def on_step(scenario: Scenario, repeat: int) -> None:
            nonlocal steps
            steps += 1
            description = f"{scenario.title} (repeat {repeat} of {repeats})"
            progress.update(bar, completed=steps, description=description)

        scenarios = run_scenarios(chosen, size, repeats=repeats, directory=Path(folder), on_step=on_step)
    all_after_s, stolen_after_s = processor_times_s()
    facts.steal_percent = round(100 * (stolen_after_s - stolen_before_s) / max(1.0, all_after_s - all_before_s), 1)
    return RunResult(
        name=name or f"local-{started_at:%Y%m%d-%H%M%S}",
        started_at=started_at.isoformat(timespec="seconds"),
        size=size.name,
        repeats=repeats,
        machine=facts,
        scenarios=scenarios,
    )


if __name__ == "__main__":
    typer.run(main)
