"""Runs scenarios: each repeat in a fresh process with a fresh folder, bounded in time, repeats taken in turns.

Taking turns (all scenarios once, then all again) spreads a slow minute of the machine over all of them, so that ratios
between scenarios stay fair.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import psutil

from benchmarks.child import SKIPPED_EXIT_CODE
from benchmarks.results import ScenarioResult, gather
from benchmarks.scenario import Outcome, Scenario, Size, Skipped

ROOT = Path(__file__).resolve().parent.parent
_ERROR_LINES = 12
OPEN_TO_SERVERS = 0o711
"""Mode of the folders: database servers that refuse to run as root get an account of their own, which has to pass."""


class Failed(Exception):
    """A repeat ended without figures."""


def run_scenarios(
    scenarios: Sequence[Scenario],
    size: Size,
    *,
    repeats: int,
    directory: Path,
    on_step: Callable[[Scenario, int], None],
    run_repeat: Callable[[Scenario, Size, Path], Outcome] | None = None,
) -> list[ScenarioResult]:
    """Measure all scenarios; one that fails or is skipped says so in its result. `on_step` is told before each repeat;
    `run_repeat` runs one, by default `run_once`."""
    run_repeat = run_repeat or run_once
    outcomes: dict[str, list[Outcome]] = {scenario.name: [] for scenario in scenarios}
    seconds = dict.fromkeys(outcomes, 0.0)
    skipped: dict[str, str] = {}
    failed: dict[str, str] = {}
    for repeat in range(1, repeats + 1):
        for scenario in scenarios:
            on_step(scenario, repeat)
            if scenario.name in skipped or scenario.name in failed or repeat > (scenario.repeats_max or repeats):
                continue
            started = time.perf_counter()
            try:
                outcomes[scenario.name].append(run_repeat(scenario, size, directory))
            except Skipped as reason:
                skipped[scenario.name] = str(reason)
            except Failed as reason:
                failed[scenario.name] = str(reason)
            seconds[scenario.name] += time.perf_counter() - started
    results: list[ScenarioResult] = []
    for scenario in scenarios:
        result = gather(scenario.name, scenario.title, outcomes[scenario.name], seconds[scenario.name])
        result.skipped = skipped.get(scenario.name)
        result.failed = failed.get(scenario.name)
        results.append(result)
    return results


def run_once(scenario: Scenario, size: Size, directory: Path) -> Outcome:
    """One repeat in a process of its own. Raises Skipped or Failed."""
    folder = Path(tempfile.mkdtemp(prefix=f"{scenario.name}-", dir=directory))
    folder.chmod(OPEN_TO_SERVERS)
    output = folder / "outcome"
    data = folder / "data"
    data.mkdir()
    command = [sys.executable, "-m", "benchmarks.child", scenario.name, size.name, str(data), str(output)]
    try:
        with (folder / "stderr").open("w+b") as errors:
            # A session of its own, so that whatever the scenario started ends with it.
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True
            )
            try:
                code = process.wait(scenario.time_limit_s)
            except subprocess.TimeoutExpired:
                raise Failed(f"It took longer than {scenario.time_limit_s:.0f} s and was ended.") from None
            finally:
                _end_session(process)
            if code == SKIPPED_EXIT_CODE:
                raise Skipped(output.read_text("utf-8"))
            if code != 0:
                errors.seek(0)
                lines = errors.read().decode(errors="replace").strip().splitlines()
                raise Failed("\n".join(lines[-_ERROR_LINES:]) or f"Exit code {code}.")
            return msgspec.json.decode(output.read_bytes(), type=Outcome)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End what the scenario left behind: the members of the session that was made for it, what it started in sessions of their own,
    and nothing else."""
    # One that ended in good order has ended its own; its id may be another's by now.
    started = _started_by(process.pid) if process.returncode is None else []
    # No such group: all ended by themselves, as they should.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for one in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


def _started_by(pid: int) -> list[psutil.Process]:
    """By a process, and by those it started."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
