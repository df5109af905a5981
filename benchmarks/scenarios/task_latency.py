"""From the start of a durable send to the start of its handler, at a modest rate."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from benchmarks.loops import run
from benchmarks.queues import QUEUE, new_message
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.statistics import percentile
from benchmarks.workers import open_worker
from wipsie.queue.message import StandardMessage

RATE_PER_S = 200


async def _latencies_ms(directory: Path, seconds: float) -> list[float]:
    """Latency of each task, counted from the moment its send was due."""
    handled_at: dict[int, float] = {}

    async def handler(message: StandardMessage[Any], context: Any) -> None:
        handled_at[message.data["number"]] = time.perf_counter()

    async with open_worker(directory, handler) as bench:
        queue = bench.engine.resolve(QUEUE)
        await bench.worker.start()
        due_at: list[float] = []
        sends: list[asyncio.Task[Any]] = []
        started = time.perf_counter()
        for number in range(max(1, int(seconds * RATE_PER_S))):
            due = started + number / RATE_PER_S
            # The pace of an open loop: a slow handler must not slow the sender.
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due_at.append(due)
            sends.append(asyncio.create_task(bench.engine.send(new_message(queue, number))))
        await asyncio.gather(*sends)
        await bench.wait_until_empty(30.0)
    return [(handled_at[number] - due) * 1000 for number, due in enumerate(due_at)]


def measure(size: Size, directory: Path) -> Outcome:
    """Sender and worker share one process, as in `wipsie up`."""
    seconds = size.pick(full=10.0, quick=4.0, smoke=0.2)
    latencies_ms = run(_latencies_ms(directory, seconds))
    return Outcome(
        measurements=[
            Measurement(name="p50", value=percentile(latencies_ms, 0.5), unit="ms", lower_is_better=True),
            Measurement(name="p99", value=percentile(latencies_ms, 0.99), unit="ms", lower_is_better=True),
        ],
        settings={"rate_per_s": RATE_PER_S, "measured_s": seconds, "synchronous": "FULL"},
    )


SCENARIO = Scenario(name="task_latency", title="Send to handler, end to end, 200 tasks/s", run=measure)
