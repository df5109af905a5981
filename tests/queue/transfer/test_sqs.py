"""To Amazon SQS and back: what it has a place for travels, what it cannot hand over is told."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from transfer_parts import messages, transfer
from transfer_stores import opened

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import NotSupported
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.queue.contract import (
    Attribute,
    DeadLetterCause,
    DeadLetterOrder,
    NewMessage,
    Priority,
    QueueBackend,
    QueueSettings,
)
from wipsie.testing.servers import MotoServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

CAUSE = DeadLetterCause(code="REJECTED", reason="no such customer", traceback="Traceback …", worker="w")


@pytest.fixture
def sqs_url(moto_server: MotoServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return f"sqs://us-east-1?endpoint_url={quote(moto_server.endpoint_url, safe='')}&poll_s=1&settings_s=0.1"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[QueueBackend]:
    async with opened(lambda clock: SqliteQueueBackend(tmp_path / "a.db", clock=clock), SystemClock()) as backend:
        yield backend


@pytest.fixture
async def other_store(tmp_path: Path) -> AsyncIterator[QueueBackend]:
    async with opened(lambda clock: SqliteQueueBackend(tmp_path / "b.db", clock=clock), SystemClock()) as backend:
        yield backend


@pytest.fixture
async def sqs(sqs_url: str) -> AsyncIterator[QueueBackend]:
    async with opened(lambda clock: SqsQueueBackend(sqs_url, clock=clock), SystemClock()) as backend:
        yield backend


class Names:
    """Queue names of this test alone: the server is shared."""

    def __init__(self) -> None:
        token = os.urandom(4).hex()
        self.work = QueueName(f"move-{token}")
        self.dead = QueueName(f"move-{token}-dlq")
        self.line = QueueName(f"move-{token}.fifo")

    @property
    def all(self) -> list[QueueName]:
        return [self.work, self.dead, self.line]


async def fill(backend: QueueBackend, names: Names) -> None:
    await backend.create_queue(QueueSettings(name=names.dead))
    await backend.create_queue(QueueSettings(name=names.work, dead_letter_queue=names.dead))
    await backend.create_queue(QueueSettings(name=names.line, fifo=True))
    for number in range(25):
        await backend.send(
            [
                NewMessage(
                    queue=names.line if number % 2 else names.work,
                    body=f"{number} \x01 é",
                    message_id=new_message_id(),
                    attributes={"n": Attribute(str(number), "Number")},
                    priority=Priority.HIGH,
                    group_id=f"g{number % 3}" if number % 2 else None,
                    deduplication_id="k" if number == 4 else None,
                )
            ]
        )
    (taken,) = await backend.receive(names.work)
    await backend.dead_letter([DeadLetterOrder(names.work, taken.receipt, CAUSE)])
    (taken,) = await backend.receive(names.work, visibility_timeout_s=0)
    assert taken.receive_count == 1


async def held(backend: QueueBackend, names: Names) -> dict[str, tuple[object, ...]]:
    """What SQS has a place for, by message."""
    return {
        one.message_id: (
            *(queue, one.body, dict(one.attributes), one.priority, one.group_id, one.sent_at_ms, one.receive_count),
            *(one.deduplication_id, one.redrive_count, one.dead_letter),
        )
        for queue in names.all
        for one in await messages(backend, queue)
    }


async def test_there_and_back_again(
    store: QueueBackend, sqs: QueueBackend, other_store: QueueBackend, tmp_path: Path
) -> None:
    names, clock = Names(), SystemClock()
    await fill(store, names)
    before = await held(store, names)
    report = await transfer(store, sqs, tmp_path, clock, queues=names.all).run()
    assert (report.moved, report.left, report.notes) == (25, 0, ())
    report = await transfer(sqs, other_store, tmp_path, clock, queues=names.all).run()
    assert (report.moved, report.left) == (25, 0)
    assert await held(other_store, names) == before
    lines: dict[str | None, list[int]] = {}
    for one in await messages(other_store, names.line):
        lines.setdefault(one.group_id, []).append(int(one.body.split()[0]))
    assert all(line == sorted(line) for line in lines.values())


async def test_long_delays_go_there_and_stay_until_they_end(
    store: QueueBackend, sqs: QueueBackend, other_store: QueueBackend, tmp_path: Path
) -> None:
    names, clock = Names(), SystemClock()
    await store.create_queue(QueueSettings(name=names.work))
    delayed = NewMessage(queue=names.work, body="late", message_id=new_message_id(), delay_s=7200.0)
    await store.send([delayed])
    await transfer(store, sqs, tmp_path, clock, queues=[names.work]).run()
    assert (await sqs.counts(names.work)).delayed == 1
    with pytest.raises(NotSupported, match="only when their delay ends"):
        await transfer(sqs, other_store, tmp_path, clock, queues=[names.work]).run()
    report = await transfer(sqs, other_store, tmp_path, clock, queues=[names.work], lossy=True).run()
    assert (report.moved, report.left) == (0, 1)
    assert "run this again later" in report.notes[0]
