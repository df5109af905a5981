"""Runs a rival: enqueue N no-op tasks, then start one worker and take the time from its first to its last task.

The worker's start is left out, in favour of the rivals: Wipsie's own figure includes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.derived import PROCESSED
from benchmarks.rivals.environments import Environment
from benchmarks.scenario import Measurement, Outcome, Settings

ROOT = Path(__file__).resolve().parents[2]
_STOP_S = 15.0


def measure_rival(
    *,
    environment: Environment,
    module: str,
    worker: Sequence[str],
    tasks: int,
    single: int,
    directory: Path,
    variables: Mapping[str, str],
    settings: Settings,
    time_limit_s: float = 90.0,
) -> Outcome:
    """`module` holds the tasks and a `Sender`; `worker` is the command of its worker, a program of `environment`.

    `single`: how many of the `tasks` are enqueued one by one, where the sender has a quicker way too."""
    output = directory / "seconds"
    seen = {
        **os.environ,
        **variables,
        "BENCHMARK_TASKS": str(tasks),
        "BENCHMARK_OUTPUT": str(output),
        "PYTHONPATH": str(ROOT),
    }
    rates = _enqueue(environment, [module, str(tasks), str(single)], seen, directory, time_limit_s)
    log_path = directory / "worker.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [environment.program(worker[0]), *worker[1:]],
            env=seen,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.perf_counter() + time_limit_s
        while not output.exists():
            if process.poll() is not None or time.perf_counter() > deadline:
                words = log_path.read_text("utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"The worker of {module} did not process {tasks} tasks:\n{words}")
            # Seldom enough not to take time from the worker that is measured; bounded by the deadline above.
            time.sleep(0.02)
        process_s = float(output.read_text("utf-8"))
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return Outcome(
        measurements=[
            # Between the first and the last of N tasks there are N - 1.
            Measurement(name=PROCESSED, value=(tasks - 1) / process_s, unit="tasks/s"),
            *(Measurement(name=name, value=rate, unit="tasks/s") for name, rate in rates.items()),
        ],
        settings={"tasks": tasks, **settings},
    )


def _enqueue(
    environment: Environment, arguments: Sequence[str], variables: Mapping[str, str], directory: Path, limit_s: float
) -> dict[str, float]:
    """Rates by name."""
    answer = subprocess.run(
        [environment.program("python"), "-m", "benchmarks.rivals.enqueue", *arguments],
        env=variables,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=limit_s,
        check=True,
    )
    return json.loads(answer.stdout)
