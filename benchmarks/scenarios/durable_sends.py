"""Durable sends in process: single sends by 1 and by 200 concurrent senders, and batches of 100 and 1,000."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.loops import closed_loop, run
from benchmarks.queues import QUEUE, open_engine, plain_message, sample_body
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.stores import PROGRAMS, TITLES, Place, open_store
from wipsie.kernel.errors import WipsieError
from wipsie.queue.engine import QueueEngine

BARS_200_SENDERS = {"sqlite": 40_000}
SENDERS_200 = "200 senders"
SENDER_1 = "1 sender"
BATCHES_1000 = "batches of 1000"
_BATCHES = (100, 1000)
_SMALL_BATCHES = (100,)
"""For moto, which needs longer for each message the more it holds."""


async def _single_sends(place: Place, *, senders: int, seconds: float) -> float:
    body = sample_body()
    async with open_engine(place) as engine:
        queue = engine.resolve(QUEUE)

        async def step() -> int:
            await engine.send(plain_message(queue, body))
            return 1

        rate, sent = await closed_loop(step, callers=senders, warm_up_s=seconds / 5, measure_s=seconds)
        await _check_stored(engine, sent)
    return rate


async def _batch_sends(place: Place, *, batch: int, senders: int, seconds: float) -> float:
    body = sample_body()
    async with open_engine(place) as engine:
        queue = engine.resolve(QUEUE)

        async def step() -> int:
            results = await engine.send_many([plain_message(queue, body) for _ in range(batch)])
            return sum(not isinstance(result, WipsieError) for result in results)

        rate, sent = await closed_loop(step, callers=senders, warm_up_s=seconds / 5, measure_s=seconds)
        await _check_stored(engine, sent)
    return rate


async def _check_stored(engine: QueueEngine, sent: int) -> None:
    stored = (await engine.counts(engine.resolve(QUEUE))).ready
    if stored != sent:
        raise AssertionError(f"{sent} sends were acknowledged, but {stored} messages are stored.")


def measure(store_name: str, size: Size, directory: Path) -> Outcome:
    """Each figure in a place of its own."""
    # On moto each of 200 senders waits a second for its turn.
    seconds = size.pick(full=3.0, quick=1.0, smoke=0.1) * (3 if store_name == "sqs" else 1)
    with open_store(store_name, directory) as store:
        senders_200 = run(_single_sends(store.new_place("senders200"), senders=200, seconds=seconds))
        sender_1 = run(_single_sends(store.new_place("sender1"), senders=1, seconds=seconds))
        batches = {
            batch: run(_batch_sends(store.new_place(f"batches{batch}"), batch=batch, senders=2, seconds=seconds))
            for batch in (_SMALL_BATCHES if store_name == "sqs" else _BATCHES)
        }
        settings = store.settings
    return Outcome(
        measurements=[
            Measurement(name=SENDERS_200, value=senders_200, unit="sends/s", bar=BARS_200_SENDERS.get(store_name)),
            Measurement(name=SENDER_1, value=sender_1, unit="sends/s"),
            *(
                Measurement(name=f"batches of {batch}", value=rate, unit="messages/s")
                for batch, rate in batches.items()
            ),
        ],
        settings={**settings, "body_bytes": len(sample_body()), "measured_s": seconds, "batch_senders": 2},
    )


def scenario(store: str) -> Scenario:
    """The scenario on one store."""
    return Scenario(
        name=f"durable_sends_{store}",
        title=f"Durable sends, in process, {TITLES[store]}",
        run=partial(measure, store),
        needs=PROGRAMS.get(store, ()),
    )
