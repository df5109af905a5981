"""What the in-process scenarios share: an engine over a durable place, messages, and batch sends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.stores import Place
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.kernel.limits import BATCH_MESSAGES_MAX
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import complete
from wipsie.queue.names import QueueNames
from wipsie.telemetry.metrics import Metrics

QUEUE = "default"


@asynccontextmanager
async def open_engine(place: Place, *, metrics: Metrics | None = None) -> AsyncGenerator[QueueEngine]:
    """A started engine with the one queue `QUEUE`."""
    clock = SystemClock()
    names = QueueNames()
    engine = QueueEngine(place.backend(clock), clock=clock, names=names, metrics=metrics)
    await engine.start()
    try:
        await engine.declare([QueueSettings(name=names.stored(QUEUE))])
        yield engine
    finally:
        await engine.stop()


def new_message(queue: QueueName, number: int, *, task_type: str = "benchmark") -> NewMessage:
    """A standard message of about 250 bytes, completed as the API completes it: new id, timestamp, JSON encoded."""
    message = {"task_type": task_type, "message": "A benchmark message", "data": {"number": number}}
    message_id, body = complete(
        message, queue=QUEUE, source="benchmark", now_s=SystemClock().now(), correlation_id=None
    )
    return NewMessage(queue=queue, body=body, message_id=message_id)


def plain_message(queue: QueueName, body: str) -> NewMessage:
    """A message with a ready-made body: only the queue is measured."""
    return NewMessage(queue=queue, body=body, message_id=new_message_id())


def sample_body() -> str:
    """A body of the size and form of `new_message`, for senders that only measure the queue."""
    return new_message(QueueName(QUEUE), 1).body


async def fill(engine: QueueEngine, queue: QueueName, count: int, *, task_type: str = "benchmark") -> None:
    """Send `count` messages in the largest batches. Raises the first refusal."""
    for start in range(0, count, BATCH_MESSAGES_MAX):
        numbers = range(start, min(start + BATCH_MESSAGES_MAX, count))
        for result in await engine.send_many([new_message(queue, number, task_type=task_type) for number in numbers]):
            if isinstance(result, WipsieError):
                raise result
