"""Dramatiq's side: the broker and the no-op actor; run as a module it enqueues and prints the seconds it took."""

import os
import sys
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.rivals.counter import counter_from_environment

counter = counter_from_environment()
dramatiq.set_broker(RedisBroker(url=os.environ["BENCHMARK_BROKER"]))


@dramatiq.actor(queue_name="benchmark")
def no_op(number):
    """Do nothing but count."""
    counter.hit()


def main():
    """Enqueue."""
    tasks = int(os.environ["BENCHMARK_TASKS"])
    no_op.send(0)  # Connects before the clock starts.
    started = time.perf_counter()
    for number in range(1, tasks):
        no_op.send(number)
    sys.stdout.write(str(time.perf_counter() - started))


if __name__ == "__main__":
    main()
