"""Taskiq's side: broker, no-op task and sender; loaded by the worker and by `enqueue`."""

import os

from taskiq.serializers import ORJSONSerializer
from taskiq_redis import RedisStreamBroker

from benchmarks.rivals.counter import counter_from_environment
from benchmarks.rivals.sender import BY_CONCURRENT_SENDERS, CONCURRENT_SENDERS, AsyncSender, by_concurrent_senders

counter = counter_from_environment()
broker = RedisStreamBroker(
    url=os.environ["BENCHMARK_BROKER"],
    # The group begins with the first message, whoever makes it.
    consumer_id="0",
    xread_count=int(os.environ["BENCHMARK_READ_COUNT"]),
    max_connection_pool_size=CONCURRENT_SENDERS + 10,
).with_serializer(ORJSONSerializer())


@broker.task(task_name="no_op")
async def no_op(number: int) -> None:
    """Do nothing but count."""
    counter.hit()


class Sender(AsyncSender):
    """Taskiq has single sends; many at a time share nothing but the pool of connections."""

    MANY = BY_CONCURRENT_SENDERS

    def __init__(self):
        super().__init__()
        self.run(broker.startup())

    def send(self, numbers):
        """One task after the other."""
        self.run(self._send(numbers))

    async def _send(self, numbers):
        for number in numbers:
            await no_op.kiq(number)

    def send_many(self, numbers):
        """By many callers."""
        self.run(by_concurrent_senders(no_op.kiq, numbers))
