"""What only the SQLite backend promises: shared transactions, honest refusals, a file that many processes may use."""

from __future__ import annotations

import asyncio
import os
import runpy
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, ShuttingDown, StorageUnavailable
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.backends.sqlite.connection import DiskWait, open_connection, statements
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.operations.receive import Receive
from wipsie.queue.backends.sqlite.operations.settle import ChangeVisibility
from wipsie.queue.contract import NewMessage, QueueSettings

HERE = Path(__file__).parent
QUEUE = QueueName("wipsie-default")


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[SqliteQueueBackend]:
    backend = SqliteQueueBackend(tmp_path / "queue.db", clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    yield backend
    await backend.stop()


def message(body: str = "hello") -> NewMessage:
    return NewMessage(queue=QUEUE, body=body, message_id=new_message_id())


async def test_calls_waiting_at_one_moment_share_a_transaction(backend: SqliteQueueBackend) -> None:
    before = backend.writer.transactions
    await asyncio.gather(*(backend.send([message()]) for _ in range(500)))
    sends = backend.writer.transactions - before
    assert sends <= 10, f"500 concurrent sends took {sends} transactions"
    received = await asyncio.gather(*(backend.receive(QUEUE, max_messages=5) for _ in range(100)))
    await asyncio.gather(*(backend.delete([(QUEUE, one.receipt) for one in some]) for some in received))
    everything = backend.writer.transactions - before
    assert everything <= 30, f"500 messages through the queue took {everything} transactions"
    assert (await backend.counts(QUEUE)).total == 0


async def test_a_stopped_backend_finishes_what_it_took_and_refuses_more(tmp_path: Path) -> None:
    backend = SqliteQueueBackend(tmp_path / "queue.db", clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    sends = [asyncio.create_task(backend.send([message()])) for _ in range(50)]
    await asyncio.sleep(0)
    await backend.stop()
    assert len(await asyncio.gather(*sends)) == 50
    with pytest.raises(ShuttingDown):
        await backend.send([message()])
    with closing(sqlite3.connect(tmp_path / "queue.db")) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (50,)


async def test_waiting_receivers_cost_next_to_no_processor_time(backend: SqliteQueueBackend) -> None:
    tasks = [asyncio.create_task(backend.receive(QUEUE, wait_s=20.0)) for _ in range(100)]
    await asyncio.sleep(0.2)
    wall, spent = time.monotonic(), time.process_time()
    await asyncio.sleep(0.8)
    share = (time.process_time() - spent) / (time.monotonic() - wall)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert share < 0.2, f"100 waiting receivers took {share:.0%} of a processor"


async def test_the_file_of_a_newer_wipsie_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "queue.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    backend = SqliteQueueBackend(tmp_path / "queue.db", clock=SystemClock())
    with pytest.raises(ConfigurationError, match="999"):
        await backend.start()
    await backend.stop()


async def test_a_file_that_is_no_queue_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    path.write_text("Dear diary, today I was nearly overwritten by a database. " * 100)
    before = path.read_bytes()
    backend = SqliteQueueBackend(path, clock=SystemClock())
    with pytest.raises((StorageUnavailable, ConfigurationError)):
        await backend.start()
    await backend.stop()
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    backend = SqliteQueueBackend(tmp_path / "file" / "queue.db", clock=SystemClock())
    with pytest.raises(StorageUnavailable, match=r"queue\.db"):
        await backend.start()
    await backend.stop()


async def test_relaxed_durability_is_declared(tmp_path: Path) -> None:
    assert SqliteQueueBackend(tmp_path / "a.db", clock=SystemClock()).capabilities.durable
    assert not SqliteQueueBackend(tmp_path / "b.db", clock=SystemClock(), synchronous="NORMAL").capabilities.durable
    with pytest.raises(ConfigurationError):
        await SqliteQueueBackend(tmp_path / "c.db", clock=SystemClock(), synchronous="OFF").start()


async def test_three_processes_hammer_one_file_and_nobody_is_locked_out(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "hammer_process.py"), str(tmp_path / "queue.db"), "1.5"]
    processes = [
        await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    answers = await asyncio.wait_for(asyncio.gather(*(process.communicate() for process in processes)), 45.0)
    for process, (_, errors) in zip(processes, answers, strict=True):
        assert process.returncode == 0, errors.decode()[-3000:]
        assert b"locked" not in errors
    reports = [json.decode(output) for output, _ in answers]
    sent = [message_id for report in reports for message_id in report["sent"]]
    handled = [message_id for report in reports for message_id in report["handled"]]
    assert all(report["sent"] for report in reports), "one process was starved"
    assert len(set(handled)) == len(handled), "a message was delivered twice"
    assert set(handled) <= set(sent)
    backend = SqliteQueueBackend(tmp_path / "queue.db", clock=SystemClock())
    await backend.start()
    left = (await backend.counts(QueueName("wipsie-hammer"))).total
    await backend.stop()
    assert left == len(sent) - len(handled)


def test_a_full_disk_refuses_sends_and_loses_nothing(tmp_path: Path) -> None:
    # In a process of its own: the limit on file sizes that plays the full disk would hold for the test runner too.
    story = subprocess.run(
        [sys.executable, str(HERE / "full_disk_story.py"), str(tmp_path)], capture_output=True, timeout=45, check=False
    )
    assert story.returncode == 0, story.stderr.decode()[-3000:]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only an administrator may mount a small file system; the size limit above tells the same story")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_file_system_refuses_sends_and_loses_nothing(tiny_disk: Path) -> None:
    story: dict[str, Any] = runpy.run_path(str(HERE / "full_disk_story.py"), run_name="story")
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(2 * 1024 * 1024))
    await story["tell"](tiny_disk, fill=lambda: None, clear=ballast.unlink)


def test_a_commit_waits_for_the_disk_unless_it_holds_nothing_but_leases(tmp_path: Path) -> None:
    with closing(open_connection(tmp_path / "queue.db", synchronous="FULL")) as connection:
        cursor = statements(connection)
        disk_wait = DiskWait(cursor, "FULL")
        for wait, level in ((True, 2), (False, 1), (False, 1), (True, 2)):
            disk_wait.choose(wait=wait)
            assert cursor.execute("PRAGMA synchronous").fetchone() == (level,)


def test_only_claims_and_their_changes_need_not_survive_a_power_cut() -> None:
    assert {kind for kind in Operation.__subclasses__() if kind.LEASES_ONLY} == {Receive, ChangeVisibility}
