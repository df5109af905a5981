"""Bad days of a PostgreSQL server: wrong settings, lost connections, restarts, a failover. Nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable, WipsieError
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings, SendResult
from wipsie.testing.eventually import eventually
from wipsie.testing.ports import free_port
from wipsie.testing.servers import PostgresServer

QUEUE = QueueName("wipsie-default")


def message(body: str = "hello") -> NewMessage:
    return NewMessage(queue=QUEUE, body=body, message_id=new_message_id())


async def started(url: str) -> PostgresQueueBackend:
    backend = PostgresQueueBackend(url, clock=SystemClock())
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE, visibility_timeout_s=2.0))
    return backend


async def refusal_of_start(url: str) -> WipsieError:
    """What a start on `url` is refused with; it must not take long."""
    backend = PostgresQueueBackend(url, clock=SystemClock())
    began = time.monotonic()
    with pytest.raises(WipsieError) as refusal:
        await backend.start()
    assert time.monotonic() - began < 7.0
    await backend.stop()
    return refusal.value


class Load:
    """Senders that note what was acknowledged, and receivers that note what they got and acknowledge it."""

    def __init__(self, backend: PostgresQueueBackend) -> None:
        self.backend = backend
        self.accepted: set[str] = set()
        self.delivered: set[str] = set()
        self.refusals: list[WipsieError] = []
        self._ends = False
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, senders: int = 20, receivers: int = 3) -> None:
        self._tasks = [
            *(asyncio.create_task(self._send()) for _ in range(senders)),
            *(asyncio.create_task(self._receive()) for _ in range(receivers)),
        ]

    async def goes_on(self) -> None:
        """Until some hundred more messages were accepted, and some were received."""
        accepted, delivered = len(self.accepted) + 200, len(self.delivered) + 50
        await eventually(
            lambda: len(self.accepted) > accepted and len(self.delivered) > delivered, 15.0, "messages pass through"
        )

    async def end(self) -> None:
        self._ends = True
        await asyncio.wait_for(asyncio.gather(*self._tasks), 30.0)

    async def drain(self) -> None:
        """Receive what is left; leases of lost answers end after two seconds."""

        async def nothing_left() -> bool:
            await self._take(wait_s=0.5)
            try:
                return (await self.backend.counts(QUEUE)).total == 0
            except StorageUnavailable:
                return False

        await eventually(nothing_left, 30.0, "every message is received and acknowledged")
        assert self.accepted <= self.delivered, "an acknowledged send was lost"

    async def _send(self) -> None:
        while not self._ends:
            try:
                (result,) = await self.backend.send([message()])
            except StorageUnavailable as refusal:
                self.refusals.append(refusal)
                await asyncio.sleep(0.02)
                continue
            assert isinstance(result, SendResult)
            self.accepted.add(result.message_id)

    async def _receive(self) -> None:
        while not self._ends:
            await self._take(wait_s=0.5)

    async def _take(self, wait_s: float) -> None:
        try:
            deliveries = await self.backend.receive(QUEUE, max_messages=50, wait_s=wait_s)
            self.delivered.update(one.message_id for one in deliveries)
            await self.backend.delete([(one.queue, one.receipt) for one in deliveries])
        except StorageUnavailable as refusal:
            self.refusals.append(refusal)
            await asyncio.sleep(0.02)


@pytest.fixture
async def backend(new_database: str) -> AsyncIterator[PostgresQueueBackend]:
    backend = await started(new_database)
    yield backend
    await backend.stop()


@pytest.fixture
def own_server(server_folder: Path, durable_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server of this test, to be stopped and killed. (`durable_server` skips or fails where there is no PostgreSQL.)"""
    del durable_server
    server = PostgresServer(server_folder / "own-postgres")
    server.start()
    yield server
    server.stop()


async def test_a_wrong_password_is_told_at_the_start_and_never_shown(durable_server: PostgresServer) -> None:
    refusal = await refusal_of_start(durable_server.url().replace(":secret@", ":terribly-wrong@"))
    assert isinstance(refusal, ConfigurationError)
    assert "QUEUE_URL" in refusal.message
    assert "terribly" not in f"{refusal.message} {refusal.details}"


async def test_an_unknown_user_or_database_is_told_at_the_start(durable_server: PostgresServer) -> None:
    for url in (durable_server.url("nowhere"), durable_server.url().replace("//wipsie:", "//nobody:")):
        refusal = await refusal_of_start(url)
        assert isinstance(refusal, ConfigurationError)
        assert "QUEUE_URL" in refusal.message


async def test_a_user_who_may_not_create_the_schema_is_told_what_to_grant(
    durable_server: PostgresServer, new_database: str
) -> None:
    name = new_database.rpartition("/")[2]
    durable_server.run_sql(f'ALTER DATABASE "{name}" OWNER TO postgres')
    refusal = await refusal_of_start(new_database)
    assert isinstance(refusal, ConfigurationError)
    assert "CREATE" in refusal.message


async def test_a_server_that_is_not_there_is_unavailable(durable_server: PostgresServer) -> None:
    url = durable_server.url().replace(f":{durable_server.port}/", f":{free_port()}/")
    refusal = await refusal_of_start(url)
    assert isinstance(refusal, StorageUnavailable)
    assert refusal.retry_after_s
    assert "secret" not in refusal.message


async def test_a_port_that_never_answers_is_given_up_in_time() -> None:
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        refusal = await refusal_of_start(f"postgresql://wipsie:secret@127.0.0.1:{port}/wipsie?connect_timeout=0.3")
        for writer in writers:
            writer.close()
            await writer.wait_closed()
    assert isinstance(refusal, StorageUnavailable)


@pytest.mark.parametrize("url", ["postgresql:///nohost", "mysql://root@host/db", "postgresql://u@h/d?pooler=maybe"])
def test_a_url_that_cannot_be_meant_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError, match="QUEUE_URL"):
        PostgresQueueBackend(url, clock=SystemClock())


async def test_connections_killed_in_mid_call_lose_nothing(
    backend: PostgresQueueBackend, durable_server: PostgresServer, new_database: str
) -> None:
    name = new_database.rpartition("/")[2]
    load = Load(backend)
    load.begin()
    for _ in range(6):
        await load.goes_on()
        await asyncio.to_thread(
            durable_server.run_sql,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608
        )
    await load.goes_on()
    await load.end()
    assert load.refusals, "no call met a killed connection: nothing was shown"
    await load.drain()


async def test_wake_ups_come_back_after_the_listening_connection_was_killed(
    backend: PostgresQueueBackend, durable_server: PostgresServer, new_database: str
) -> None:
    other = await started(new_database)
    name = new_database.rpartition("/")[2]
    durable_server.run_sql(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
    )

    async def woken_soon() -> bool:
        task = asyncio.create_task(other.receive(QUEUE, wait_s=5.0))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        try:
            await backend.send([message()])
            deliveries = await task
        except StorageUnavailable:
            # Either may meet its killed connection first.
            await asyncio.gather(task, return_exceptions=True)
            return False
        await other.delete([(one.queue, one.receipt) for one in deliveries])
        return len(deliveries) == 1 and time.monotonic() - began < 0.4

    try:
        await eventually(woken_soon, 20.0, "notifications arrive again")
    finally:
        await other.stop()


async def test_a_server_that_turned_read_only_is_left_for_the_next_one(
    backend: PostgresQueueBackend, durable_server: PostgresServer, new_database: str
) -> None:
    """What a failover looks like behind one address: the old connections reach a standby."""
    name = new_database.rpartition("/")[2]
    durable_server.run_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    durable_server.run_sql(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
    )

    async def refused_as_read_only() -> bool:
        try:
            await backend.send([message()])
        except StorageUnavailable as refusal:
            return refusal.details.get("sqlstate") == "25006"
        return False

    await eventually(refused_as_read_only, 10.0, "a standby is told as such")
    durable_server.run_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')

    async def accepted() -> bool:
        try:
            (result,) = await backend.send([message("after")])
        except StorageUnavailable:
            return False
        return isinstance(result, SendResult)

    await eventually(accepted, 10.0, "the next connection reaches the primary")


async def _restart_story(server: PostgresServer, take_down: Callable[[], None]) -> None:
    backend = await started(server.url())
    waiting: list[asyncio.Task[list[object]]] = []
    try:
        load = Load(backend)
        load.begin()
        await load.goes_on()
        empty = QueueName("nothing-here")
        await backend.create_queue(QueueSettings(name=empty))
        waiting = [asyncio.create_task(_patient(backend, empty)) for _ in range(5)]
        await asyncio.sleep(0.1)
        await asyncio.to_thread(take_down)
        before = len(load.accepted)
        began = time.monotonic()
        with pytest.raises(StorageUnavailable) as refusal:
            await backend.send([message()])
        assert refusal.value.retry_after_s
        assert time.monotonic() - began < 2.0, "a call on a server that is away must not hang"
        told = len(load.refusals)
        await eventually(lambda: len(load.refusals) > told + 30, 10.0, "senders and receivers are told again and again")
        await asyncio.to_thread(server.start)
        await eventually(lambda: len(load.accepted) > before, 15.0, "senders are accepted again")
        await load.end()
        assert before > 0
        assert load.refusals
        await load.drain()
        assert not any(task.done() for task in waiting), "waiting receivers did not survive"
        await backend.send([NewMessage(queue=empty, body="hello", message_id=new_message_id()) for _ in waiting])
        received = await asyncio.wait_for(asyncio.gather(*waiting), 10.0)
        assert sum(map(len, received)) == 5
    finally:
        for task in waiting:
            task.cancel()
        await backend.stop()


async def _patient(backend: PostgresQueueBackend, queue: QueueName) -> list[object]:
    return list(await backend.receive(queue, wait_s=60.0))


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_server_restarted_in_mid_load_loses_nothing(own_server: PostgresServer) -> None:
    await _restart_story(own_server, own_server.stop)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_server_killed_in_mid_load_loses_nothing_acknowledged(own_server: PostgresServer) -> None:
    await _restart_story(own_server, own_server.kill)


@pytest.mark.slow
async def test_a_backend_started_before_its_server_is_refused_and_may_be_started_again(
    own_server: PostgresServer,
) -> None:
    await asyncio.to_thread(own_server.stop)
    backend = PostgresQueueBackend(own_server.url(), clock=SystemClock())
    with pytest.raises(StorageUnavailable):
        await backend.start()
    await asyncio.to_thread(own_server.start)
    await backend.start()
    await backend.create_queue(QueueSettings(name=QUEUE))
    (result,) = await backend.send([message()])
    assert isinstance(result, SendResult)
    await backend.stop()
