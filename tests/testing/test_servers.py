"""The test servers keep what they hold over a kill, refuse wrong passwords and leave nothing behind."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
import redis
from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from wipsie.testing.eventually import eventually
from wipsie.testing.leaks import child_processes
from wipsie.testing.servers import MotoServer, PgBouncerServer, PostgresServer, RedisServer, ServerMissing
from wipsie.testing.servers.server_process import process_exists

Started = Callable[[PostgresServer | RedisServer | MotoServer | PgBouncerServer], None]


@pytest.fixture
def started() -> Iterator[Started]:
    """Start a server and stop it with the test; the test then fails if a process is left."""
    before = child_processes()
    with ExitStack() as servers:

        def start(server: PostgresServer | RedisServer | MotoServer | PgBouncerServer) -> None:
            servers.callback(server.stop)
            server.start()

        yield start
    assert child_processes() == before


def redis_client(server: RedisServer, password: str | None = None) -> redis.Redis:
    return redis.Redis(port=server.port, password=password, socket_timeout=5, decode_responses=True)


async def answer(url: str, sql: str) -> str:
    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:"),
        poolclass=NullPool,
        connect_args={"timeout": 5, "statement_cache_size": 0},
    )
    async with engine.connect() as connection:
        return str(await connection.scalar(text(sql)))


@pytest.mark.slow
def test_postgres_keeps_committed_rows_over_a_stop_and_a_kill(server_folder: Path, started: Started) -> None:
    server = PostgresServer(server_folder / "postgres")
    started(server)
    url = server.url()
    server.run_sql("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('before the kill')", database="wipsie")
    server.kill()
    server.start()
    server.run_sql("INSERT INTO kept VALUES ('before the stop')", database="wipsie")
    server.stop()
    server.start()
    assert server.run_sql("SELECT word FROM kept", database="wipsie").splitlines() == [
        "before the kill",
        "before the stop",
    ]
    assert server.url() == url


@pytest.mark.slow
def test_a_killed_postgres_leaves_no_process_of_its_family(server_folder: Path, started: Started) -> None:
    server = PostgresServer(server_folder / "postgres", settings={"fsync": "off"})
    started(server)
    server.kill()
    assert not _processes_in(server_folder)


async def test_a_wrong_password_is_refused_by_postgres(postgres_server: PostgresServer) -> None:
    assert await answer(postgres_server.url(), "SELECT current_user") == "wipsie"
    with pytest.raises(DBAPIError, match="password authentication failed"):
        await answer(postgres_server.url().replace("secret", "guessed"), "SELECT current_user")


async def test_the_role_of_the_tests_is_no_superuser(postgres_server: PostgresServer) -> None:
    assert await answer(postgres_server.url(), "SHOW is_superuser") == "off"


async def test_pgbouncer_pools_the_databases_of_its_postgres(pgbouncer_server: PgBouncerServer) -> None:
    assert await answer(pgbouncer_server.url(), "SELECT current_database()") == "wipsie"


def test_redis_keeps_acknowledged_writes_over_a_kill(server_folder: Path, started: Started) -> None:
    server = RedisServer(server_folder / "redis")
    started(server)
    with redis_client(server) as client:
        client.set("word", "kept")
    server.kill()
    server.start()
    with redis_client(server) as client:
        assert client.get("word") == "kept"


def test_a_wrong_password_is_refused_by_redis(server_folder: Path, started: Started) -> None:
    server = RedisServer(server_folder / "redis", password="correct")
    started(server)
    with redis_client(server, "correct") as client:
        client.set("word", "kept")
    with redis_client(server, "guessed") as client, pytest.raises(redis.AuthenticationError):
        client.set("word", "lost")


def test_two_servers_run_at_once_and_know_nothing_of_each_other(server_folder: Path, started: Started) -> None:
    one, other = RedisServer(server_folder / "one"), RedisServer(server_folder / "other")
    started(one)
    started(other)
    with redis_client(one) as client_of_one, redis_client(other) as client_of_other:
        client_of_one.set("word", "one")
        assert client_of_other.get("word") is None


@pytest.mark.slow
def test_moto_answers_as_sqs_and_forgets_over_a_kill(server_folder: Path, started: Started) -> None:
    server = MotoServer(server_folder / "moto")
    started(server)
    assert "orders" in _moto(server, "Action=CreateQueue&QueueName=orders")
    assert "orders" in _moto(server, "Action=ListQueues")
    server.kill()
    server.start()
    assert "orders" not in _moto(server, "Action=ListQueues")


def test_a_missing_program_says_how_to_get_it(tmp_path: Path, postgres_server: PostgresServer) -> None:
    nowhere = str(tmp_path)
    with pytest.raises(ServerMissing, match="apt-get install postgresql"):
        PostgresServer(tmp_path / "postgres", path=nowhere)
    with pytest.raises(ServerMissing, match="apt-get install redis-server"):
        RedisServer(tmp_path / "redis", path=nowhere)
    with pytest.raises(ServerMissing, match="apt-get install pgbouncer"):
        PgBouncerServer(tmp_path / "pgbouncer", postgres_server, path=nowhere)


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(server_folder: Path, started: Started) -> None:
    broken = RedisServer(server_folder / "redis", appendfsync="sometimes")
    with pytest.raises(RuntimeError, match="appendfsync"):
        started(broken)
    assert not _processes_in(server_folder)


@pytest.mark.slow
async def test_a_killed_test_run_leaves_no_server_and_no_folder(tmp_path: Path) -> None:
    program = tmp_path / "test_run.py"
    program.write_text(
        "import time\n"
        "from wipsie.testing.servers import PostgresServer, RedisServer\n"
        "from wipsie.testing.servers.accounts import open_folder\n"
        "with open_folder() as folder:\n"
        "    servers = [RedisServer(folder / 'redis'), PostgresServer(folder / 'postgres')]\n"
        "    for server in servers:\n"
        "        server.start()\n"
        "    print(folder, *(server.pid for server in servers), flush=True)\n"
        "    time.sleep(60)\n"
    )
    test_run = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=PIPE)
    assert test_run.stdout is not None
    folder, *pids = (await test_run.stdout.readline()).decode().split()
    test_run.kill()
    await test_run.wait()
    await eventually(lambda: not any(process_exists(int(pid)) for pid in pids), 10, "the servers end with the test run")
    await eventually(lambda: not Path(folder).exists(), 20, "their folder is removed")
    assert not _processes_in(Path(folder))


def _moto(server: MotoServer, query: str) -> str:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        # moto takes any key; the name of the service stands in the credential's scope.
        scope = (
            "AWS4-HMAC-SHA256 Credential=any/20251004/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=none"
        )
        headers = {"Authorization": scope, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/", f"{query}&Version=2012-11-05", headers)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _processes_in(folder: Path) -> list[str]:
    """Command lines of living processes that name `folder`."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words and "rm -rf" not in words:
            found.append(words)
    return found
