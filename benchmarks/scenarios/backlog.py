"""Throughput of send + receive + delete while the queue holds few, many and a million messages."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.loops import closed_loop, run
from benchmarks.queues import QUEUE, fill, open_engine, plain_message, sample_body
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES, Place, open_store

CALLERS = 200
CALLERS_SQS = 20
FLATNESS_BAR = 0.9


async def _cycles(place: Place, *, callers: int, seconds: float) -> float:
    body = sample_body()
    async with open_engine(place) as engine:
        queue = engine.resolve(QUEUE)

        async def step() -> int:
            await engine.send(plain_message(queue, body))
            deliveries = await engine.receive(queue, max_messages=1)
            outcomes = await engine.delete([(queue, delivery.receipt) for delivery in deliveries])
            return sum(outcome is None for outcome in outcomes)

        rate, _ = await closed_loop(step, callers=callers, warm_up_s=seconds / 4, measure_s=seconds)
    return rate


async def _build(place: Place, depth: int) -> None:
    async with open_engine(place) as engine:
        await fill(engine, engine.resolve(QUEUE), depth)


def _depths(store: str, size: Size) -> tuple[int, ...]:
    if store == "sqs":
        # Moto needs longer for each message the more it holds: its curve is its own, and a thousand takes a minute.
        return size.pick(full=(10, 100, 300), quick=(10, 100), smoke=(10, 20))
    return size.pick(full=(1_000, 100_000, 1_000_000), quick=(1_000, 100_000), smoke=(100, 1_000, 2_000))


def measure(store_name: str, size: Size, directory: Path) -> Outcome:
    """The depths take turns in short rounds, forwards and backwards, so that a slow moment of the machine touches all of
    them. The ratio is that of neighbours in time: machines drift by more than the bar within a run."""
    depths = _depths(store_name, size)
    callers = CALLERS_SQS if store_name == "sqs" else CALLERS
    seconds = size.pick(full=0.75, quick=0.5, smoke=0.1)
    rounds = size.pick(full=20, quick=6, smoke=1)
    if store_name == "sqs":
        # Some ten cycles a second need longer rounds.
        seconds = size.pick(full=3.0, quick=1.5, smoke=1.0)
        rounds = size.pick(full=5, quick=2, smoke=1)
    rates: dict[int, list[float]] = {depth: [] for depth in depths}
    with open_store(store_name, directory) as store:
        places = {depth: store.new_place(f"depth{depth}") for depth in depths}
        for depth, place in places.items():
            run(_build(place, depth))
        for number in range(rounds):
            for depth in depths if number % 2 == 0 else reversed(depths):
                rates[depth].append(run(_cycles(places[depth], callers=callers, seconds=seconds)))
        settings = store.settings
    figures = [
        Measurement(name=f"backlog of {depth:,}", value=median(values), unit="cycles/s")
        for depth, values in rates.items()
    ]
    smallest, largest = depths[0], depths[-1]
    ratios = [deep / shallow for shallow, deep in zip(rates[smallest], rates[largest], strict=True) if shallow > 0]
    if ratios:
        bar = None if store_name == "sqs" else FLATNESS_BAR
        flatness = median(ratios)
        figures.append(Measurement(name=f"{largest:,} against {smallest:,}", value=flatness, unit="ratio", bar=bar))
    return Outcome(
        measurements=figures,
        settings={**settings, "callers": callers, "measured_s": seconds, "rounds": rounds},
    )


def scenario(store: str) -> Scenario:
    """The scenario on one store."""
    return Scenario(
        name=f"backlog_{store}",
        title=f"Send + receive + delete at a backlog, in process, {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=600,
        # Many rounds inside; filling a million takes longer than measuring.
        repeats_max=1,
        needs=PROGRAMS.get(store, ()),
    )
