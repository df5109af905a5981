"""Huey's side: the SQLite queue and the no-op task; run as a module it enqueues and prints the seconds it took."""

import os
import sys
import time

from huey import SqliteHuey

from benchmarks.rivals.counter import counter_from_environment

counter = counter_from_environment()
huey = SqliteHuey("benchmark", filename=os.environ["BENCHMARK_FILE"], results=False)


@huey.task()
def no_op(number):
    """Do nothing but count."""
    counter.hit()


def main():
    """Enqueue."""
    tasks = int(os.environ["BENCHMARK_TASKS"])
    no_op(0)  # Opens the file before the clock starts.
    started = time.perf_counter()
    for number in range(1, tasks):
        no_op(number)
    sys.stdout.write(str(time.perf_counter() - started))


if __name__ == "__main__":
    main()
