"""What a database server does to its clients on bad days, and that nothing is lost, half done or waited for for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database
from wipsie.database.bulk import bulk_insert
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable, WipsieError
from wipsie.testing.eventually import eventually
from wipsie.testing.ports import free_port
from wipsie.testing.servers import PgBouncerServer, PostgresServer
from wipsie.testing.servers.certificates import Authority

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@asynccontextmanager
async def opened(url: str, **options: float) -> AsyncGenerator[Database]:
    database = Database(url, clock=SystemClock(), pool_size=4, max_overflow=0, **options)  # pyright: ignore[reportArgumentType]
    try:
        await database.start()
        yield database
    finally:
        await database.stop()


@pytest.fixture
async def own_server(server_folder: Path, database_kind: str) -> AsyncGenerator[PostgresServer]:
    """A server of this test, which it may kill. Durable."""
    server = PostgresServer(server_folder / "postgres")
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def count(database: Database, table: Table) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def backend_pid(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()


async def end_connection(database: Database, connection: AsyncConnection) -> None:
    """As an operator, or a server that shuts down, ends it: from outside, in the middle of its transaction."""
    pid = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
    async with database.read() as other:
        await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def everything_said(error: WipsieError) -> str:
    return f"{error.message} {error.details} {error!r}"


@pytest.mark.parametrize(
    ("right", "wrong", "advice"),
    [("secret", "guessed", "user and password"), ("wipsie:", "nobody:", "user and password"), ("/test", "/no", "name")],
)
async def test_what_the_server_refuses_at_the_start_is_a_wrong_setting(
    database_url: str, right: str, wrong: str, advice: str
) -> None:
    database = Database(database_url.replace(right, wrong), clock=SystemClock())
    with pytest.raises(ConfigurationError, match=advice) as refused:
        await database.start()
    assert "DATABASE_URL" in refused.value.message
    assert "guessed" not in everything_said(refused.value)
    assert "secret" not in everything_said(refused.value)
    # Later, for example while passwords are changed, it is an outage like any other.
    with pytest.raises(StorageUnavailable):
        async with database.read():
            pass
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        await migrate(database_url.replace(right, wrong))
    await database.stop()


async def test_a_server_that_is_not_there_is_storage_unavailable_at_once(database_kind: str) -> None:
    database = Database(f"postgresql://u:secret@127.0.0.1:{free_port()}/wipsie", clock=SystemClock())
    with pytest.raises(StorageUnavailable, match="cannot be reached") as refused:
        await database.start()
    assert refused.value.retry_after_s is not None
    assert "secret" not in everything_said(refused.value)
    await database.stop()


async def test_a_host_without_a_name_is_storage_unavailable(database_kind: str) -> None:
    database = Database("postgresql://u:secret@no-such-host.invalid/wipsie", clock=SystemClock())
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        await database.start()
    await database.stop()


async def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(database_kind: str) -> None:
    hung_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        hung_up.set()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    database = Database(f"postgresql://u:p@127.0.0.1:{port}/wipsie?connect_timeout=0.2", clock=SystemClock())
    began = time.monotonic()
    with pytest.raises(StorageUnavailable, match=r"within 0\.2 s"):
        await database.start()
    assert time.monotonic() - began < 3
    await asyncio.wait_for(hung_up.wait(), 5)
    await database.stop()
    silent.close()
    await silent.wait_closed()


async def test_a_restart_of_the_server_is_not_noticed_by_the_next_call(
    own_server: PostgresServer, notes_table: Table
) -> None:
    async with opened(own_server.url()) as database:
        async with database.begin() as connection:
            await connection.run_sync(notes_table.create)
        await asyncio.gather(*(backend_pid(database) for _ in range(4)))
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.start)
        async with database.begin() as connection:
            await connection.execute(insert(notes_table).values(text="after"))
        assert await asyncio.gather(*(count(database, notes_table) for _ in range(8))) == [1] * 8


@pytest.mark.slow
async def test_a_killed_server_is_storage_unavailable_until_it_is_back_and_keeps_what_was_committed(
    own_server: PostgresServer, notes_table: Table
) -> None:
    async with opened(own_server.url()) as database:
        async with database.begin() as connection:
            await connection.run_sync(notes_table.create)
        acknowledged = 0

        async def write(number: int) -> None:
            nonlocal acknowledged
            async with database.begin() as connection:
                await connection.execute(insert(notes_table).values(text=str(number)))
            acknowledged += 1

        writing = [asyncio.create_task(write(number)) for number in range(500)]
        await eventually(lambda: acknowledged >= 20, 20, "the first writes are acknowledged")
        await asyncio.to_thread(own_server.kill)
        results = await asyncio.gather(*writing, return_exceptions=True)
        failures = [result for result in results if result is not None]
        assert failures
        assert {type(failure) for failure in failures} == {StorageUnavailable}
        began = time.monotonic()
        with pytest.raises(StorageUnavailable) as refused:
            await count(database, notes_table)
        assert time.monotonic() - began < 2
        assert refused.value.retry_after_s is not None
        await asyncio.to_thread(own_server.start)
        # A commit the server was lost in may have happened: never fewer than acknowledged, never a row twice.
        assert acknowledged <= await count(database, notes_table) <= len(results)


async def test_a_connection_ended_in_mid_transaction_leaves_nothing_half_done(database: Database, notes: Table) -> None:
    async def write_both_halves() -> None:
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text="half"))
            await end_connection(database, connection)
            await connection.execute(insert(notes).values(text="other half"))

    with pytest.raises(StorageUnavailable) as lost:
        await write_both_halves()
    assert lost.value.retry_after_s is not None
    async with database.begin() as connection:
        await connection.execute(insert(notes).values(text="whole"))
    assert await count(database, notes) == 1


async def test_a_commit_the_server_was_lost_in_is_told_as_unknown(database: Database, notes: Table) -> None:
    async def write() -> None:
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text="perhaps"))
            await end_connection(database, connection)

    with pytest.raises(StorageUnavailable, match="not known") as lost:
        await write()
    assert lost.value.details["outcome"] == "unknown"


async def test_a_statement_that_takes_too_long_is_cancelled(migrated_database_url: str) -> None:
    async with opened(migrated_database_url, statement_timeout_s=0.1) as database:
        with pytest.raises(StorageUnavailable, match="took too long"):
            async with database.read() as connection:
                await connection.exec_driver_sql("SELECT pg_sleep(20)")
        async with database.read() as connection:
            assert (await connection.exec_driver_sql("SELECT 1")).scalar_one() == 1


@pytest.mark.slow
async def test_a_server_that_falls_silent_in_mid_flight_is_given_up(migrated_database_url: str) -> None:
    async with opened(migrated_database_url, statement_timeout_s=0.1) as database:
        pid = await backend_pid(database)
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        try:
            with pytest.raises(StorageUnavailable, match="does not answer"):
                async with database.read() as connection:
                    await connection.exec_driver_sql("SELECT 1")
            assert time.monotonic() - began < 20
            # The silent connection is not used again.
            assert await backend_pid(database) != pid
        finally:
            os.kill(pid, signal.SIGCONT)


class Relay:
    """Passes everything on between clients and a server, piece by piece, except what the test wants otherwise."""

    def __init__(self) -> None:
        self.connections = 0
        self.forgotten: set[int] = set()
        """Connections, by number, of which nothing is passed on any more."""
        self.last_words: bytes | None = None
        """Follows the next answer to a question about the columns of a table, as if the server ended the connection then."""
        self._columns_asked = False

    def said_by_client(self, number: int, piece: bytes) -> bytes:
        self._columns_asked = b"LIMIT 1" in piece
        return b"" if number in self.forgotten else piece

    def said_by_server(self, number: int, piece: bytes) -> bytes:
        if number in self.forgotten:
            return b""
        if self._columns_asked and self.last_words is not None:
            piece, self.last_words = piece + self.last_words, None
        return piece


@asynccontextmanager
async def relayed(url: str, relay: Relay) -> AsyncGenerator[str]:
    """The URL of the same server through `relay`."""
    parts = urlsplit(url)
    assert parts.port is not None
    streams: set[asyncio.StreamWriter] = set()

    async def forward(
        number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passed: Callable[[int, bytes], bytes]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                writer.write(passed(number, piece))
        writer.close()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay.connections += 1
        number = relay.connections
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", parts.port)
        streams.update((writer, server_writer))
        await asyncio.gather(
            forward(number, reader, server_writer, relay.said_by_client),
            forward(number, server_reader, writer, relay.said_by_server),
        )

    listening = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield url.replace(f":{parts.port}/", f":{listening.sockets[0].getsockname()[1]}/", 1)
    finally:
        listening.close()
        await listening.wait_closed()
        for stream in streams:
            stream.close()
            with contextlib.suppress(ConnectionError):
                await stream.wait_closed()


@pytest.mark.slow
async def test_a_connection_a_firewall_forgot_is_found_dead_before_it_is_used(migrated_database_url: str) -> None:
    firewall = Relay()
    async with relayed(migrated_database_url, firewall) as url, opened(url) as database:
        pid = await backend_pid(database)
        assert await backend_pid(database) == pid
        firewall.forgotten.add(firewall.connections)
        # Idle for so long that it is asked whether it lives: real time, the pool has no other clock.
        await asyncio.sleep(5.1)
        assert await backend_pid(database) != pid


async def test_a_connection_ended_between_the_steps_of_a_copy_is_an_outage_and_is_not_used_again(
    migrated_database_url: str, notes_table: Table
) -> None:
    relay = Relay()
    async with relayed(migrated_database_url, relay) as url, opened(url) as database:
        async with database.begin() as connection:
            await connection.run_sync(notes_table.create)

        async def copy(note: str) -> None:
            async with database.begin() as connection:
                await bulk_insert(connection, notes_table, [{"text": note}])

        # The client still has the socket when it is told, and finds out only when it goes on with the COPY.
        relay.last_words = fatal_error("57P01", "terminating connection due to administrator command")
        with pytest.raises(StorageUnavailable, match="was lost") as lost:
            await copy("lost")
        assert lost.value.retry_after_s is not None
        assert relay.last_words is None
        await copy("kept")
        assert await count(database, notes_table) == 1


def fatal_error(state: str, message: str) -> bytes:
    """What a server says before it ends a connection: ErrorResponse of PostgreSQL's protocol, version 3."""
    fields = f"SFATAL\0VFATAL\0C{state}\0M{message}\0\0".encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


async def test_stopping_after_the_server_died_takes_no_time(own_server: PostgresServer) -> None:
    database = Database(own_server.url(), clock=SystemClock(), pool_size=4)
    await database.start()
    await asyncio.gather(*(backend_pid(database) for _ in range(4)))
    await asyncio.to_thread(own_server.kill)
    began = time.monotonic()
    await database.stop()
    assert time.monotonic() - began < 2


async def test_transactions_in_each_others_way_are_told_to_try_again(database: Database, notes: Table) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(notes), [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}])
    both_hold_one = asyncio.Barrier(2)

    async def update(first: int, second: int) -> None:
        async with database.begin() as connection:
            await connection.execute(notes.update().where(notes.c.id == first).values(text="mine"))
            await both_hold_one.wait()
            await connection.execute(notes.update().where(notes.c.id == second).values(text="mine"))

    results = await asyncio.gather(update(1, 2), update(2, 1), return_exceptions=True)
    (failure,) = [result for result in results if result is not None]
    assert isinstance(failure, StorageUnavailable)
    assert "try again" in failure.message


async def test_a_server_without_free_connections_says_what_to_change(own_server: PostgresServer) -> None:
    async with opened(own_server.url()) as database:
        own_server.run_sql("ALTER ROLE wipsie CONNECTION LIMIT 2")
        results = await asyncio.gather(*(backend_pid_slowly(database) for _ in range(4)), return_exceptions=True)
        refused = [result for result in results if isinstance(result, BaseException)]
        assert len(refused) == 2
        for error in refused:
            assert isinstance(error, StorageUnavailable)
            assert "DATABASE_POOL_SIZE" in error.message


async def backend_pid_slowly(database: Database) -> None:
    async with database.read() as connection:
        await connection.exec_driver_sql("SELECT pg_sleep(0.5)")


async def test_a_server_that_became_a_standby_is_storage_unavailable_until_it_is_not(
    postgres_server: PostgresServer, database: Database, notes: Table
) -> None:
    name = database_name(database)
    postgres_server.run_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await database.stop()
    with pytest.raises(StorageUnavailable, match="takes no writes"):
        async with database.begin() as connection:
            await connection.execute(insert(notes).values(text="lost"))
    postgres_server.run_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    # On the old connections the setting would stay: the next write opens a new one.
    async with database.begin() as connection:
        await connection.execute(insert(notes).values(text="kept"))
    assert await count(database, notes) == 1


async def test_everything_works_through_a_pooler_that_gives_each_transaction_another_connection(
    migrated_database_url: str, pgbouncer_server: PgBouncerServer, notes_table: Table
) -> None:
    name = migrated_database_url.rpartition("/")[2]
    url = f"{pgbouncer_server.url(name)}?pooler=transaction"
    async with opened(url) as one, opened(url) as other:
        async with one.begin() as connection:
            await connection.run_sync(notes_table.create)

        async def work(database: Database, number: int) -> None:
            async with database.unit_of_work() as unit:
                await unit.connection.execute(insert(notes_table).values(text=str(number)))
                assert await unit.mark_handled(f"message-{number}", "a")
            async with database.read() as connection:
                found = await connection.execute(select(notes_table.c.text).where(notes_table.c.text == str(number)))
                assert found.scalars().all() == [str(number)]

        await asyncio.gather(*(work(one if number % 2 else other, number) for number in range(60)))
        assert await count(one, notes_table) == 60
        assert await migrate(url) == []


def database_name(database: Database) -> str:
    assert database.url.server is not None
    return database.url.server.shown.rpartition("/")[2]


async def test_a_server_is_who_its_certificate_says_or_the_setting_is_wrong_in_one_sentence(
    database_kind: str, encrypted_postgres_server: PostgresServer, postgres_server: PostgresServer, authority: Authority
) -> None:
    stranger = Authority(authority.certificate.parent, "stranger-to-databases")
    trusted = f"sslmode=verify-full&sslrootcert={authority.certificate}"
    async with opened(f"{encrypted_postgres_server.url()}?{trusted}") as database, database.read() as connection:
        question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert (await connection.exec_driver_sql(question)).scalar_one() is True
    for url, words in (
        (
            f"{encrypted_postgres_server.url()}?{trusted.replace(str(authority.certificate), str(stranger.certificate))}",
            "not trusted",
        ),
        (f"{encrypted_postgres_server.url().replace('127.0.0.1', 'localhost')}?{trusted}", "another name"),
        (f"{postgres_server.url()}?{trusted}", "speaks no TLS"),
    ):
        database = Database(url, clock=SystemClock())
        with pytest.raises(ConfigurationError, match=words) as refused:
            await database.start()
        assert "DATABASE_URL" in refused.value.message
        assert "secret" not in everything_said(refused.value)
        await database.stop()
