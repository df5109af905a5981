"""Dramatiq's side: the broker and the no-op actor; loaded by the worker and by `enqueue`."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.rivals.counter import counter_from_environment

counter = counter_from_environment()
dramatiq.set_broker(RedisBroker(url=os.environ["BENCHMARK_BROKER"]))


@dramatiq.actor(queue_name="benchmark")
def no_op(number):
    """Do nothing but count."""
    counter.hit()


def enqueue(numbers):
    """Send one task per number."""
    for number in numbers:
        no_op.send(number)
