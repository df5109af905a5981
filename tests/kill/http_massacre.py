"""An API and a worker as separate processes on one folder, clients that send over HTTP, and the books at the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path

import aiohttp
from kill_stores import Store

from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import MessageId
from wipsie.queue.contract import QueueCounts
from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.workers.run_log import RunLog

QUEUE = "default"
CONNECTIONS = 6
_PAUSE_S = 0.02
_ANSWER_S_MAX = 5.0
_REFUSED_AT_BAD_MOMENTS = (429, 500, 502, 503)
_QUIET = {"LOG_LEVEL": "WARNING"}


class Clients:
    """A handful of connections that send without pause and note each message id they got an answer for."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/sqs/send"
        self.noted: list[MessageId] = []
        self.failures = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._send_forever(number)) for number in range(CONNECTIONS)]

    async def stop(self) -> None:
        """End the sending; an error of a client is an error of the test."""
        broken = [task for task in self._tasks if task.done()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for task in broken:
            task.result()

    async def _send_forever(self, client: int) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S_MAX)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            number = 0
            while True:
                number += 1
                await self.send(session, {"client": client, "number": number})
                await asyncio.sleep(_PAUSE_S)

    async def send(self, session: aiohttp.ClientSession, data: dict[str, int]) -> bool:
        """Send one message; whether it was acknowledged. What was not is nobody's promise."""
        body = {"queue_name": QUEUE, "message": {"task_type": "echo", "data": data}}
        try:
            async with session.post(self._url, json=body) as answer:
                if answer.status == 200:
                    self.noted.append(MessageId((await answer.json())["message_id"]))
                    return True
                assert answer.status in _REFUSED_AT_BAD_MOMENTS, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.failures += 1
        return False

    async def send_all(self, count: int) -> None:
        """Send `count` messages as fast as the connections allow."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S_MAX)) as session:
            for start in range(0, count, CONNECTIONS):
                wave = range(start, min(start + CONNECTIONS, count))
                await asyncio.gather(*(self.send(session, {"number": number}) for number in wave))


class Massacre:
    """`wipsie api` and `wipsie worker` at work on a store, killed and started again."""

    def __init__(self, folder: Path, store: Store, seed: int) -> None:
        self.folder = folder
        self.store = store
        self.chance = random.Random(seed)
        environment = {**_QUIET, **store.environment}
        self.api = WipsieProcess(["api"], data_dir=folder, environment=environment)
        self.worker = WipsieProcess(["worker"], data_dir=folder, environment=environment)
        self.clients = Clients(self.api.base_url)

    async def begin(self) -> None:
        await migrate(self.store.settings(self.folder).database.url)
        self.api.start()
        self.worker.start()
        await self.api.wait_until_healthy()
        self.clients.start()
        await self.clients_go_on()

    async def clients_go_on(self) -> None:
        """Wait until the API, however often it died, answers again."""
        seen = len(self.clients.noted)
        await eventually(lambda: len(self.clients.noted) > seen + 10, 20, f"messages are accepted\n{self.api.log()}")

    async def kill(self, victim: WipsieProcess, within_s: tuple[float, float]) -> None:
        """kill -9 at a moment of chance, then start again."""
        await asyncio.sleep(self.chance.uniform(*within_s))
        assert victim.return_code is None, f"it ended by itself with {victim.return_code}:\n{victim.log()[-3000:]}"
        victim.kill()
        victim.start()

    def stop_by_force(self) -> None:
        for process in (self.api, self.worker):
            process.kill()


class Books:
    """What is written in a store, read while the processes run."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        clock = SystemClock()
        self._engine = store.engine(folder, clock)
        self._database = store.database(folder, clock)

    async def __aenter__(self) -> Books:
        await self._engine.start()
        await self._database.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._engine.stop()
        await self._database.stop()

    async def counts(self, queue: str = QUEUE) -> QueueCounts:
        return await self._engine.counts(self._engine.resolve(queue))

    async def pause(self) -> None:
        """Let the queue deliver nothing."""
        await self._engine.pause(self._engine.resolve(QUEUE))

    async def resume(self) -> None:
        """Let it deliver again."""
        await self._engine.resume(self._engine.resolve(QUEUE))

    async def wait_until_empty(self, timeout_s: float) -> None:
        """Wait for the queue to be empty; leases of killed workers end after 30 s."""

        async def empty() -> bool:
            return (await self.counts()).total == 0

        await eventually(empty, timeout_s, "the worker empties the queue")

    async def unprocessed(self, noted: Iterable[MessageId]) -> set[MessageId]:
        wanted = list(noted)
        return set(wanted) - await RunLog(self._database).succeeded(wanted)

    async def check(self, noted: list[MessageId]) -> None:
        """Every noted message succeeded and nothing else is left; the store is whole."""
        assert len(set(noted)) == len(noted), "two sends were answered with one id"
        lost = await self.unprocessed(noted)
        assert not lost, f"{len(lost)} of {len(noted)} acknowledged messages were never processed"
        assert (await self.counts()).total == 0
        assert (await self.counts(f"{QUEUE}_dlq")).total == 0, "an unlucky message was taken for a poisonous one"
        self._store.check(self._folder)
