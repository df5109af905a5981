"""One of several processes at the same queue file: sends, receives and acknowledges for a while, then prints what it did."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings, SendResult

QUEUE = QueueName("wipsie-hammer")


async def main(path: Path, seconds: float) -> None:
    clock = SystemClock()
    backend = SqliteQueueBackend(path, clock=clock)
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE, visibility_timeout_s=3600.0))
    sent: list[str] = []
    handled: list[str] = []
    end = clock.monotonic() + seconds

    async def send() -> None:
        while clock.monotonic() < end:
            (result,) = await backend.send([NewMessage(queue=QUEUE, body="nail", message_id=new_message_id())])
            assert isinstance(result, SendResult), result
            sent.append(result.message_id)

    async def receive() -> None:
        while clock.monotonic() < end:
            deliveries = await backend.receive(QUEUE, max_messages=10, wait_s=0.05)
            handled.extend(delivery.message_id for delivery in deliveries)
            outcomes = await backend.delete([(QUEUE, delivery.receipt) for delivery in deliveries])
            assert outcomes == [None] * len(deliveries), outcomes

    await asyncio.gather(*(send() for _ in range(10)), *(receive() for _ in range(3)))
    await backend.stop()
    sys.stdout.write(json.encode_text({"sent": sent, "handled": handled}))


asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
