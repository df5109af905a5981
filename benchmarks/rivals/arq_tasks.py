"""arq's side: settings of the worker, the no-op task and the sender; loaded by the worker and by `enqueue`."""

import asyncio
import logging
import os

import uvloop
from arq import create_pool
from arq.connections import RedisSettings

from benchmarks.rivals.counter import counter_from_environment
from benchmarks.rivals.sender import BY_CONCURRENT_SENDERS, AsyncSender, by_concurrent_senders

counter = counter_from_environment()
REDIS = RedisSettings.from_dsn(os.environ["BENCHMARK_BROKER"])
# The worker of arq takes the loop of the policy; it logs each job unless it is told not to.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


async def silence(context):
    """At the worker's start, after it set up its log."""
    logging.getLogger("arq").setLevel(logging.WARNING)


async def no_op(context, number):
    """Do nothing but count."""
    counter.hit()


class WorkerSettings:
    """What `arq` reads."""

    functions = (no_op,)
    redis_settings = REDIS
    on_startup = silence
    max_jobs = int(os.environ.get("BENCHMARK_CONCURRENCY", "10"))
    poll_delay = float(os.environ.get("BENCHMARK_POLL", "0.5"))
    keep_result = 0
    log_results = False


class Sender(AsyncSender):
    """arq has single sends; many at a time share nothing but the pool of connections."""

    MANY = BY_CONCURRENT_SENDERS

    def __init__(self):
        super().__init__()
        self._pool = self.run(create_pool(REDIS))

    def send(self, numbers):
        """One job after the other."""
        self.run(self._send(numbers))

    async def _send(self, numbers):
        for number in numbers:
            await self._pool.enqueue_job("no_op", number)

    def send_many(self, numbers):
        """By many callers."""
        self.run(by_concurrent_senders(lambda number: self._pool.enqueue_job("no_op", number), numbers))
