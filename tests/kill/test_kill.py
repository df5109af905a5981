"""kill -9 of senders and workers loses no message that was acknowledged."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from kill_parts import QUEUE, open_engine
from kill_stores import Store, opened, quick_on_sqlite

from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import MessageId
from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.workers.run_log import RunLog

HERE = Path(__file__).parent
DRAIN_S_MAX = 30.0


class Massacre:
    """One sender and one worker at work in `folder`, killed and started again; then the books are opened."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.clock = SystemClock()
        self.sender = self._process("sender_process.py")
        self.worker = self._process("worker_process.py")

    def _process(self, script: str) -> WipsieProcess:
        return WipsieProcess(
            [str(HERE / script), str(self.folder)],
            data_dir=self.folder,
            command=[sys.executable],
            environment=self.store.environment,
        )

    def acknowledged(self) -> list[MessageId]:
        """Ids that were promised. A torn last line was written by a sender that died: its id was promised all the same,
        but cannot be read."""
        path = self.folder / "acknowledged.txt"
        lines = path.read_text().split("\n") if path.exists() else []
        return [MessageId(line) for line in lines if len(line) == 36]

    async def begin(self) -> None:
        await migrate(self.store.settings(self.folder).database.url)
        self.sender.start()
        self.worker.start()
        await eventually(lambda: len(self.acknowledged()) > 20, 20.0, f"the sender sends\n{self.sender.log()}")

    async def kill(self, victim: WipsieProcess) -> None:
        """Kill at a moment nobody chose, half of the time while it is still starting."""
        await asyncio.sleep(random.uniform(0.1, 2.2))
        assert victim.return_code is None, f"it ended by itself with {victim.return_code}:\n{victim.log()[-3000:]}"
        victim.kill()
        victim.start()

    async def end(self) -> None:
        """Stop sending, let the worker finish, stop it in good order."""
        self.sender.kill()
        engine = await open_engine(self.store, self.folder, self.clock)
        try:

            async def empty() -> bool:
                return (await engine.counts(engine.resolve(QUEUE))).total == 0

            ready = f"ready {self.worker.pid}\n"
            await eventually(lambda: ready in self.worker.log(), 20.0, "the last worker starts")
            await eventually(empty, DRAIN_S_MAX, "the worker empties the queue")
            dead = await engine.counts(engine.resolve(engine.names.dead_letter(engine.resolve(QUEUE))))
            assert dead.total == 0, "an unlucky message was taken for a poisonous one"
        finally:
            await engine.stop()
        assert await self.worker.stop() == 0, self.worker.log()[-3000:]

    async def check_the_books(self) -> int:
        """Every acknowledged message succeeded; files are whole. The number of messages."""
        acknowledged = self.acknowledged()
        assert len(set(acknowledged)) == len(acknowledged)
        database = self.store.database(self.folder, self.clock)
        await database.start()
        try:
            succeeded = await RunLog(database).succeeded(acknowledged)
        finally:
            await database.stop()
        lost = set(acknowledged) - succeeded
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged messages were never processed"
        self.store.check(self.folder)
        return len(acknowledged)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, request) as store:
        yield store


@pytest.fixture
async def massacre(tmp_path: Path, store: Store) -> AsyncIterator[Massacre]:
    massacre = Massacre(tmp_path, store)
    try:
        await massacre.begin()
        yield massacre
    finally:
        for process in (massacre.sender, massacre.worker):
            process.kill()


@pytest.mark.parametrize("store", quick_on_sqlite(), indirect=True)
async def test_three_kills_lose_nothing(massacre: Massacre) -> None:
    for victim in (massacre.worker, massacre.sender, massacre.worker):
        await massacre.kill(victim)
    await massacre.end()
    assert await massacre.check_the_books() > 20


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqs"], indirect=True)
async def test_three_kills_of_a_worker_on_amazon_sqs_lose_nothing(massacre: Massacre) -> None:
    for _ in range(3):
        await massacre.kill(massacre.worker)
    await massacre.end()
    assert await massacre.check_the_books() > 20


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("store", "rounds"), [("sqlite", 30), ("postgresql", 6), ("redis", 6)], indirect=["store"], ids=str
)
async def test_many_kills_lose_nothing(massacre: Massacre, rounds: int) -> None:
    for number in range(rounds):
        # Both at once, one after the other, in either order: whatever the other holds at that moment.
        victims = [massacre.worker, massacre.sender]
        random.shuffle(victims)
        if number % 3 == 0:
            await asyncio.gather(*(massacre.kill(victim) for victim in victims))
        else:
            for victim in victims:
                await massacre.kill(victim)
    await massacre.end()
    assert await massacre.check_the_books() > 5 * rounds
