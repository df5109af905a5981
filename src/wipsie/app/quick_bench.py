"""A quick measurement of sends and tasks in one process, on a temporary folder of the disk the data would be on."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wipsie.app.parts import build_parts
from wipsie.app.process import SWITCH_INTERVAL_S
from wipsie.app.settings import Settings
from wipsie.database import migrator
from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.contract import NewMessage
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import StandardMessage
from wipsie.workers.handler import HandlerRegistry, HandlerSpec
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker

_QUEUE = "default"
_TASK = "bench"
_LOOK_EVERY_S = 0.01
_PROCESS_S_MAX = 120.0


@dataclass(frozen=True, kw_only=True)
class QuickBench:
    """What was measured."""

    senders: int
    sent: int
    send_s: float
    sends_per_s: float
    processed: int
    process_s: float
    processed_per_s: float


async def quick_bench(*, seconds_each: float, senders: int, folder: Path | None = None) -> QuickBench:
    """Send for `seconds_each` from `senders` at the same time, then let one worker process all of it."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with tempfile.TemporaryDirectory(prefix="wipsie-bench-", dir=folder) as name:
        settings = Settings.read({"WIPSIE_DATA_DIR": name})
        clock = SystemClock()
        parts = build_parts(settings, clock)
        await migrator.migrate(settings.database.url)
        await parts.database.start()
        await parts.engine.start()
        try:
            await parts.engine.declare([queue for one in parts.slices for queue in one.queues])
            queue = parts.engine.resolve(_QUEUE)
            started = clock.monotonic()
            sent = await _send(parts.engine, queue, senders, until=started + seconds_each)
            send_s = clock.monotonic() - started

            registry = HandlerRegistry()
            registry.add(HandlerSpec(task_type=_TASK, queue=_QUEUE, function=_do_nothing))
            worker = Worker(
                parts.engine,
                registry,
                run_log=parts.run_log,
                database=parts.database,
                metrics=parts.metrics,
                clock=clock,
                settings=WorkerSettings(queues=(_QUEUE,)),
                cpu_pool=parts.cpu_pool,
            )
            started = clock.monotonic()
            await worker.start()
            while (await parts.engine.counts(queue)).total and clock.monotonic() < started + _PROCESS_S_MAX:
                await clock.sleep(_LOOK_EVERY_S)
            process_s = clock.monotonic() - started
            await worker.drain(1.0)
            processed = sent - (await parts.engine.counts(queue)).total
        finally:
            await parts.cpu_pool.stop()
            await parts.engine.stop()
            await parts.database.stop()
    return QuickBench(
        senders=senders,
        sent=sent,
        send_s=round(send_s, 3),
        sends_per_s=round(sent / send_s, 1),
        processed=processed,
        process_s=round(process_s, 3),
        processed_per_s=round(processed / process_s, 1),
    )


async def _send(engine: QueueEngine, queue: QueueName, senders: int, *, until: float) -> int:
    async def sender() -> int:
        sent = 0
        while engine.clock.monotonic() < until:
            message_id = new_message_id()
            body = json.encode_text({"id": message_id, "timestamp": "", "task_type": _TASK, "data": {"number": sent}})
            await engine.send(NewMessage(queue=queue, body=body, message_id=message_id))
            sent += 1
        return sent

    return sum(await asyncio.gather(*(sender() for _ in range(senders))))


async def _do_nothing(_message: StandardMessage[Any], _context: Any) -> None:
    return None
