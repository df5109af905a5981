"""Throughput of send + receive + delete while the queue holds 1,000, 100,000 and 1,000,000 messages."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.loops import closed_loop, run
from benchmarks.queues import QUEUE, fill, open_engine, plain_message, sample_body
from benchmarks.scenario import Measurement, Outcome, Scenario, Size

CALLERS = 200
FLATNESS_BAR = 0.9


async def _cycles(path: Path, *, seconds: float) -> float:
    body = sample_body()
    async with open_engine(path) as engine:
        queue = engine.resolve(QUEUE)

        async def step() -> int:
            await engine.send(plain_message(queue, body))
            deliveries = await engine.receive(queue, max_messages=1)
            outcomes = await engine.delete([(queue, delivery.receipt) for delivery in deliveries])
            return sum(outcome is None for outcome in outcomes)

        rate, _ = await closed_loop(step, callers=CALLERS, warm_up_s=seconds / 4, measure_s=seconds)
    return rate


async def _build(path: Path, depth: int) -> None:
    async with open_engine(path) as engine:
        await fill(engine, engine.resolve(QUEUE), depth)


def measure(size: Size, directory: Path) -> Outcome:
    """The depths take turns, so that a slow moment of the machine touches all of them."""
    depths = size.pick(full=(1_000, 100_000, 1_000_000), quick=(1_000, 100_000, 300_000), smoke=(100, 1_000, 2_000))
    seconds = size.pick(full=3.0, quick=1.5, smoke=0.1)
    rounds = size.pick(full=3, quick=2, smoke=1)
    paths = {depth: directory / f"{depth}.db" for depth in depths}
    for depth, path in paths.items():
        run(_build(path, depth))
    rates: dict[int, list[float]] = {depth: [] for depth in depths}
    for _ in range(rounds):
        for depth, path in paths.items():
            rates[depth].append(run(_cycles(path, seconds=seconds)))
    figures = [
        Measurement(name=f"backlog of {depth:,}", value=median(values), unit="cycles/s")
        for depth, values in rates.items()
    ]
    smallest, largest = depths[0], depths[-1]
    flatness = median(rates[largest]) / median(rates[smallest])
    figures.append(
        Measurement(name=f"{largest:,} against {smallest:,}", value=flatness, unit="ratio", bar=FLATNESS_BAR)
    )
    return Outcome(
        measurements=figures,
        settings={"callers": CALLERS, "measured_s": seconds, "rounds": rounds, "synchronous": "FULL"},
    )


SCENARIO = Scenario(
    name="backlog", title="Send + receive + delete at a backlog, in process, SQLite", run=measure, time_limit_s=240
)
