"""Dramatiq's side: the broker, the no-op actor and the sender; loaded by the worker and by `enqueue`."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.rivals.counter import counter_from_environment
from benchmarks.rivals.sender import SingleSender

counter = counter_from_environment()
dramatiq.set_broker(RedisBroker(url=os.environ["BENCHMARK_BROKER"]))


@dramatiq.actor(queue_name="benchmark")
def no_op(number):
    """Do nothing but count."""
    counter.hit()


class Sender(SingleSender):
    """Sends over one connection."""

    def send(self, numbers):
        """One task after the other."""
        for number in numbers:
            no_op.send(number)
