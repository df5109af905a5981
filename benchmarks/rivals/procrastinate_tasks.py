"""Procrastinate's side: application, task, sender, which also makes the tables, and the worker as the main program."""

import os

import uvloop
from procrastinate import App, PsycopgConnector

from benchmarks.rivals.counter import counter_from_environment
from benchmarks.rivals.sender import IN_BATCHES, AsyncSender, batches

counter = counter_from_environment()
concurrency = int(os.environ["BENCHMARK_CONCURRENCY"])
app = App(
    connector=PsycopgConnector(conninfo=os.environ["BENCHMARK_DATABASE"], min_size=2, max_size=concurrency + 2),
)


@app.task(name="no_op", queue="benchmark")
async def no_op(number):
    """Do nothing but count."""
    counter.hit()


class Sender(AsyncSender):
    """Procrastinate takes lists, each stored in one statement."""

    MANY = IN_BATCHES

    def __init__(self):
        super().__init__()
        self.run(self._prepare())

    async def _prepare(self):
        await app.open_async()
        await app.schema_manager.apply_schema_async()

    def send(self, numbers):
        """One job after the other."""
        self.run(self._send(numbers))

    async def _send(self, numbers):
        for number in numbers:
            await no_op.defer_async(number=number)

    def send_many(self, numbers):
        """In lists."""
        self.run(self._send_many(numbers))

    async def _send_many(self, numbers):
        for batch in batches(numbers):
            await no_op.batch_defer_async(*({"number": number} for number in batch))


async def work():
    """Until SIGTERM."""
    async with app.open_async():
        await app.run_worker_async(concurrency=concurrency)


if __name__ == "__main__":
    uvloop.run(work())
