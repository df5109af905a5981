"""A worker in a process of its own, with a handler that takes its time: made to be killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

from kill_parts import QUEUE, open_engine, store_of_this_process

from wipsie.kernel.clock import SystemClock
from wipsie.queue.message import StandardMessage
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.cpu_pool import CpuPool
from wipsie.workers.handler import HandlerRegistry, HandlerSpec, TaskContext
from wipsie.workers.run_log import RunLog
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker


async def take_time(message: StandardMessage[Any], context: TaskContext) -> dict[str, str]:
    await asyncio.sleep(random.uniform(0.0, 0.05))
    return {"handled": message.id}


async def main(folder: Path) -> None:
    clock = SystemClock()
    store = store_of_this_process()
    database = store.database(folder, clock)
    await database.start()
    engine = await open_engine(store, folder, clock)
    registry = HandlerRegistry()
    registry.add(HandlerSpec(task_type="killed", queue=QUEUE, function=take_time))
    worker = Worker(
        engine,
        registry,
        run_log=RunLog(database),
        database=database,
        metrics=Metrics(),
        clock=clock,
        settings=WorkerSettings(concurrency=32),
        cpu_pool=CpuPool(clock=clock),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await worker.start()
    print(f"ready {os.getpid()}", flush=True)
    await stop.wait()
    await worker.drain(5.0)
    await engine.stop()
    await database.stop()


asyncio.run(main(Path(sys.argv[1])))
