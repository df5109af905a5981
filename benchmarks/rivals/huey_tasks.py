"""Huey's side: the SQLite queue and the no-op task; loaded by the worker and by `enqueue`."""

import os

from huey import SqliteHuey

from benchmarks.rivals.counter import counter_from_environment

counter = counter_from_environment()
huey = SqliteHuey(
    "benchmark", filename=os.environ["BENCHMARK_FILE"], results=False, fsync=os.environ["BENCHMARK_FSYNC"] == "on"
)


@huey.task()
def no_op(number):
    """Do nothing but count."""
    counter.hit()


def enqueue(numbers):
    """Send one task per number."""
    for number in numbers:
        no_op(number)
