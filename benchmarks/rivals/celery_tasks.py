"""Celery's side: the application and the no-op task; run as a module it enqueues and prints the seconds it took."""

import os
import sys
import time

from celery import Celery

from benchmarks.rivals.counter import counter_from_environment

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


def main():
    """Enqueue."""
    tasks = int(os.environ["BENCHMARK_TASKS"])
    with app.producer_pool.acquire(block=True) as producer:
        no_op.apply_async((0,), producer=producer)  # Connects before the clock starts.
        started = time.perf_counter()
        for number in range(1, tasks):
            no_op.apply_async((number,), producer=producer)
    sys.stdout.write(str(time.perf_counter() - started))


if __name__ == "__main__":
    main()
