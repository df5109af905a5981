"""Enqueues the no-op tasks of a rival and prints the seconds it took: `python -m benchmarks.rivals.enqueue MODULE`."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module


def main() -> None:
    """The first task travels before the clock starts: it connects."""
    tasks = int(os.environ["BENCHMARK_TASKS"])
    rival = import_module(sys.argv[1])
    rival.enqueue(range(1))
    started = time.perf_counter()
    rival.enqueue(range(1, tasks))
    sys.stdout.write(str(time.perf_counter() - started))


if __name__ == "__main__":
    main()
