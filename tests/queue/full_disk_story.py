"""The story of a disk that fills up and is cleared again, told on any disk; run as a script, on a file size limit."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import StorageUnavailable, WipsieError
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings, SendResult
from wipsie.testing.eventually import eventually

QUEUE = QueueName("wipsie-full")
BODY = "x" * 32_000
SENDS_MAX = 400


async def send_one(backend: SqliteQueueBackend) -> SendResult | WipsieError:
    try:
        (result,) = await backend.send([NewMessage(queue=QUEUE, body=BODY, message_id=new_message_id())])
    except StorageUnavailable as error:
        return error
    return result


async def tell(folder: Path, fill: Callable[[], None], clear: Callable[[], None]) -> None:
    """Send until refused, see that refusals are honest, clear the disk, see that everything promised is there."""
    backend = SqliteQueueBackend(folder / "queue.db", clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE, visibility_timeout_s=3600.0))
    accepted: set[str] = set()
    for _ in range(10):
        result = await send_one(backend)
        assert isinstance(result, SendResult)
        accepted.add(result.message_id)
    fill()
    refusal: WipsieError | None = None
    for _ in range(SENDS_MAX):
        result = await send_one(backend)
        if isinstance(result, SendResult):
            accepted.add(result.message_id)
        else:
            refusal = result
            break
    assert isinstance(refusal, StorageUnavailable), f"a full disk was answered with {refusal!r}"
    assert refusal.retry_after_s, "the sender must hear when to try again"
    # Many at once share a transaction; none of them may be promised.
    together = await asyncio.gather(*(send_one(backend) for _ in range(20)))
    accepted |= {result.message_id for result in together if isinstance(result, SendResult)}
    assert any(isinstance(result, StorageUnavailable) for result in together)
    clear()

    async def accepts_again() -> bool:
        result = await send_one(backend)
        if isinstance(result, SendResult):
            accepted.add(result.message_id)
        return isinstance(result, SendResult)

    await eventually(accepts_again, 10.0, "sends are accepted again without a restart")
    await backend.stop()

    backend = SqliteQueueBackend(folder / "queue.db", clock=SystemClock())
    await backend.start()
    found: list[str] = []
    while deliveries := await backend.receive(QUEUE, max_messages=10):
        found += [delivery.message_id for delivery in deliveries]
        await backend.delete([(delivery.queue, delivery.receipt) for delivery in deliveries])
    counts = await backend.counts(QUEUE)
    await backend.stop()
    assert len(found) == len(set(found))
    assert set(found) == accepted, f"{len(accepted - set(found))} lost, {len(set(found) - accepted)} refused but stored"
    assert counts.total == 0
    with closing(sqlite3.connect(folder / "queue.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _limit_file_size(limit_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))


if __name__ == "__main__":
    asyncio.run(
        tell(
            Path(sys.argv[1]),
            fill=lambda: _limit_file_size(1_500_000),
            clear=lambda: _limit_file_size(resource.RLIM_INFINITY),
        )
    )
