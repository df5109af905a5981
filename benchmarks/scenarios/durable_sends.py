"""Durable sends in process: single sends by 1 and by 200 concurrent senders, and batches of 100 and 1,000."""

from __future__ import annotations

from pathlib import Path

from benchmarks.loops import closed_loop, run
from benchmarks.queues import QUEUE, open_engine, plain_message, sample_body
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from wipsie.kernel.errors import WipsieError
from wipsie.queue.engine import QueueEngine

BAR_200_SENDERS = 40_000


async def _single_sends(path: Path, *, senders: int, seconds: float) -> float:
    body = sample_body()
    async with open_engine(path) as engine:
        queue = engine.resolve(QUEUE)

        async def step() -> int:
            await engine.send(plain_message(queue, body))
            return 1

        rate, sent = await closed_loop(step, callers=senders, warm_up_s=seconds / 5, measure_s=seconds)
        await _check_stored(engine, sent)
    return rate


async def _batch_sends(path: Path, *, batch: int, senders: int, seconds: float) -> float:
    body = sample_body()
    async with open_engine(path) as engine:
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


def measure(size: Size, directory: Path) -> Outcome:
    """Each figure on a file of its own."""
    seconds = size.pick(full=5.0, quick=2.0, smoke=0.1)
    senders_200 = run(_single_sends(directory / "200.db", senders=200, seconds=seconds))
    sender_1 = run(_single_sends(directory / "1.db", senders=1, seconds=seconds))
    batch_100 = run(_batch_sends(directory / "b100.db", batch=100, senders=2, seconds=seconds))
    batch_1000 = run(_batch_sends(directory / "b1000.db", batch=1000, senders=2, seconds=seconds))
    return Outcome(
        measurements=[
            Measurement(name="200 senders", value=senders_200, unit="sends/s", bar=BAR_200_SENDERS),
            Measurement(name="1 sender", value=sender_1, unit="sends/s"),
            Measurement(name="batches of 100", value=batch_100, unit="messages/s"),
            Measurement(name="batches of 1000", value=batch_1000, unit="messages/s"),
        ],
        settings={
            "synchronous": "FULL",
            "body_bytes": len(sample_body()),
            "measured_s": seconds,
            "batch_senders": 2,
        },
    )


SCENARIO = Scenario(name="durable_sends", title="Durable sends, in process, SQLite", run=measure)
