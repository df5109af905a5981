"""PgQueuer's side: the sender, which also makes the tables, and the worker: `python -m benchmarks.rivals.pgqueuer_tasks`."""

import asyncio
import os
import signal

import asyncpg
import uvloop
from pgqueuer import AsyncpgDriver, PgQueuer, Queries

from benchmarks.rivals.counter import counter_from_environment
from benchmarks.rivals.sender import IN_BATCHES, AsyncSender, batches

DATABASE = os.environ["BENCHMARK_DATABASE"]


class Sender(AsyncSender):
    """Sends over one connection; PgQueuer takes lists, each stored in one statement."""

    MANY = IN_BATCHES

    def __init__(self):
        super().__init__()
        self._queries = self.run(self._prepare())

    async def _prepare(self):
        queries = Queries(AsyncpgDriver(await asyncpg.connect(DATABASE)))
        await queries.install()
        await queries.optimize_autovacuum()
        return queries

    def send(self, numbers):
        """One job after the other."""
        self.run(self._send(numbers))

    async def _send(self, numbers):
        for number in numbers:
            await self._queries.enqueue("no_op", b"%d" % number)

    def send_many(self, numbers):
        """In lists."""
        self.run(self._send_many(numbers))

    async def _send_many(self, numbers):
        for batch in batches(numbers):
            await self._queries.enqueue(["no_op"] * len(batch), [b"%d" % number for number in batch], [0] * len(batch))


async def work():
    """All queue managers of this process, until SIGTERM."""
    counter = counter_from_environment()
    managers = []
    for _ in range(int(os.environ["BENCHMARK_CONSUMERS"])):
        manager = PgQueuer(AsyncpgDriver(await asyncpg.connect(DATABASE)))

        @manager.entrypoint("no_op")
        async def no_op(job):
            counter.hit()

        managers.append(manager)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: [manager.shutdown.set() for manager in managers])
    await asyncio.gather(*(manager.run(batch_size=int(os.environ["BENCHMARK_BATCH"])) for manager in managers))


if __name__ == "__main__":
    uvloop.run(work())
