"""Huey's side: the SQLite queue, the no-op task and the sender; loaded by the worker and by `enqueue`."""

import os

from huey import SqliteHuey

from benchmarks.rivals.counter import counter_from_environment
from benchmarks.rivals.sender import SingleSender

counter = counter_from_environment()
huey = SqliteHuey(
    "benchmark", filename=os.environ["BENCHMARK_FILE"], results=False, fsync=os.environ["BENCHMARK_FSYNC"] == "on"
)


@huey.task()
def no_op(number):
    """Do nothing but count."""
    counter.hit()


class Sender(SingleSender):
    """Sends over one connection."""

    def send(self, numbers):
        """One task after the other."""
        for number in numbers:
            no_op(number)
