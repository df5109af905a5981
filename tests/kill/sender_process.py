"""A process that sends without pause and writes down every message id it got an answer for: made to be killed."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from kill_parts import QUEUE, open_engine, store_of_this_process

from wipsie.kernel.clock import SystemClock
from wipsie.queue.contract import NewMessage
from wipsie.queue.message import complete

SENDERS = 10
PAUSE_S = 0.03


async def main(folder: Path) -> None:
    clock = SystemClock()
    engine = await open_engine(store_of_this_process(), folder, clock)
    acknowledged = os.open(folder / "acknowledged.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    async def send_forever() -> None:
        while True:
            message_id, body = complete(
                {"task_type": "killed", "data": {}}, queue=QUEUE, source="kill", now_s=clock.now(), correlation_id=None
            )
            await engine.send(NewMessage(queue=engine.resolve(QUEUE), body=body, message_id=message_id))
            # One unbuffered write after the answer: what stands in the file was promised.
            os.write(acknowledged, f"{message_id}\n".encode())
            await asyncio.sleep(PAUSE_S)

    await asyncio.gather(*(send_forever() for _ in range(SENDERS)))


asyncio.run(main(Path(sys.argv[1])))
