"""Enqueues the no-op tasks of a rival and prints how fast: `python -m benchmarks.rivals.enqueue MODULE TASKS SINGLE`.

The module's `Sender` first sends SINGLE tasks one by one, then the rest its quickest way, where it has one. Prints rates
per second as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module

from benchmarks.rivals.sender import Sender

ONE_BY_ONE = "enqueued by one sender"


def main(arguments: list[str]) -> None:
    """The first task travels before the clock starts: it connects."""
    module, tasks, single = arguments[0], int(arguments[1]), int(arguments[2])
    sender: Sender = import_module(module).Sender()
    sender.send(range(1))
    rates: dict[str, float] = {}
    single = tasks if sender.MANY is None else min(tasks, single)
    if single > 1:
        started = time.perf_counter()
        sender.send(range(1, single))
        rates[ONE_BY_ONE] = (single - 1) / (time.perf_counter() - started)
    if sender.MANY is not None and tasks > single:
        started = time.perf_counter()
        sender.send_many(range(single, tasks))
        rates[sender.MANY] = (tasks - single) / (time.perf_counter() - started)
    sender.close()
    sys.stdout.write(json.dumps(rates))


if __name__ == "__main__":
    main(sys.argv[1:])
