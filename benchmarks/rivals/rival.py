"""Runs a rival: enqueue N no-op tasks, then start one worker and take the time from its first to its last task.

The worker's start is left out, in favour of the rivals: Wipsie's own figure includes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.derived import PROCESSED
from benchmarks.scenario import Measurement, Outcome

_STOP_S = 15.0


def measure_rival(
    *,
    module: str,
    worker: Sequence[str],
    tasks: int,
    directory: Path,
    environment: Mapping[str, str],
    settings: Mapping[str, str | int | float],
    time_limit_s: float = 90.0,
) -> Outcome:
    """`module` holds the tasks and `enqueue`; `worker` is the command of its worker, found beside this Python."""
    output = directory / "seconds"
    variables = {
        **os.environ,
        **environment,
        "BENCHMARK_TASKS": str(tasks),
        "BENCHMARK_OUTPUT": str(output),
        "PYTHONPATH": str(Path.cwd()),
    }
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.rivals.enqueue", module],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=time_limit_s,
        check=True,
    )
    enqueue_s = float(answer.stdout)
    program = str(Path(sys.executable).parent / worker[0])
    log_path = directory / "worker.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [program, *worker[1:]], env=variables, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log
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
            Measurement(name="enqueued by one sender", value=tasks / enqueue_s, unit="tasks/s"),
        ],
        settings={"tasks": tasks, **settings},
    )
