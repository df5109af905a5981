"""From the start of a durable send to the start of its handler, at a modest rate."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.loops import run
from benchmarks.queues import QUEUE, new_message
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.statistics import percentile
from benchmarks.stores import PROGRAMS, TITLES, Place, open_store
from benchmarks.workers import open_worker
from wipsie.queue.message import StandardMessage

RATE_PER_S = 200
RATES_PER_S = {"sqs": 20}
"""Other rates: moto answers a few hundred calls a second in all."""
WARM_UP_S = 1.0


async def _latencies_ms(place: Place, rate_per_s: int, seconds: float) -> list[float]:
    """Latency of each task, counted from the moment its send was due; those of the warm-up are left out."""
    handled_at: dict[int, float] = {}

    async def handler(message: StandardMessage[Any], context: Any) -> None:
        handled_at[message.data["number"]] = time.perf_counter()

    async with open_worker(place, handler) as bench:
        queue = bench.engine.resolve(QUEUE)
        await bench.worker.start()
        due_at: list[float] = []
        sends: list[asyncio.Task[Any]] = []
        warm_up = int(min(WARM_UP_S, seconds / 2) * rate_per_s)
        started = time.perf_counter()
        for number in range(warm_up + max(1, int(seconds * rate_per_s))):
            due = started + number / rate_per_s
            # The pace of an open loop: a slow handler must not slow the sender.
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due_at.append(due)
            sends.append(asyncio.create_task(bench.engine.send(new_message(queue, number))))
        await asyncio.gather(*sends)
        await bench.wait_until_empty(30.0, after=lambda: len(handled_at) == len(due_at))
    return [(handled_at[number] - due) * 1000 for number, due in enumerate(due_at) if number >= warm_up]


def measure(store_name: str, size: Size, directory: Path) -> Outcome:
    """Sender and worker share one process, as in `wipsie up`."""
    seconds = size.pick(full=8.0, quick=4.0, smoke=0.2)
    rate_per_s = RATES_PER_S.get(store_name, RATE_PER_S)
    with open_store(store_name, directory) as store:
        latencies_ms = run(_latencies_ms(store.new_place("latency"), rate_per_s, seconds))
        settings = store.settings
    return Outcome(
        measurements=[
            Measurement(name="p50", value=percentile(latencies_ms, 0.5), unit="ms", lower_is_better=True),
            Measurement(name="p99", value=percentile(latencies_ms, 0.99), unit="ms", lower_is_better=True),
        ],
        settings={**settings, "rate_per_s": rate_per_s, "measured_s": seconds},
    )


def scenario(store: str) -> Scenario:
    """The scenario on one store."""
    return Scenario(
        name=f"task_latency_{store}",
        title=f"Send to handler, end to end, {RATES_PER_S.get(store, RATE_PER_S)} tasks/s, {TITLES[store]}",
        run=partial(measure, store),
        needs=PROGRAMS.get(store, ()),
    )
