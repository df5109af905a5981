"""Celery's side: the application, the no-op task and the sender; loaded by the worker and by `enqueue`."""

import os

from celery import Celery

from benchmarks.rivals.counter import counter_from_environment
from benchmarks.rivals.sender import SingleSender

counter = counter_from_environment()
app = Celery("benchmark", broker=os.environ["BENCHMARK_BROKER"])
app.conf.update(
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=int(os.environ.get("BENCHMARK_PREFETCH", "64")),
    worker_send_task_events=False,
    task_send_sent_event=False,
    task_acks_late=False,
    worker_disable_rate_limits=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    # As lean as a message of Wipsie in its own queue: one queue, no result.
    task_default_queue="benchmark",
)


@app.task(name="no_op")
def no_op(number):
    """Do nothing but count."""
    counter.hit()


class Sender(SingleSender):
    """Sends over one connection."""

    def send(self, numbers):
        """One task after the other."""
        with app.producer_pool.acquire(block=True) as producer:
            for number in numbers:
                no_op.apply_async((number,), producer=producer)
