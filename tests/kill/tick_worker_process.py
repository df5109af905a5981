"""A worker whose handler writes down which tick it was run for."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from kill_parts import QUEUE, store_of_this_process

from wipsie.app.application import Application
from wipsie.app.parts import build_parts
from wipsie.queue.message import StandardMessage
from wipsie.telemetry.logging import configure_logging
from wipsie.workers.handler import HandlerSpec, TaskContext


async def main(folder: Path) -> None:
    configure_logging("INFO")
    parts = build_parts(store_of_this_process().settings(folder))
    ticks = os.open(folder / "ticks.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    async def note(message: StandardMessage[Any], context: TaskContext) -> None:
        tick = context.delivery.attributes["scheduled_at_ms"].value
        os.write(ticks, f"{tick} {message.id}\n".encode())

    parts.registry.add(HandlerSpec(task_type="tick", queue=QUEUE, function=note))
    application = Application(parts, ("worker",))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await application.start()
    await stop.wait()
    await application.stop()


asyncio.run(main(Path(sys.argv[1])))
