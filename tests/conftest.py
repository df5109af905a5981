"""Fixtures for all tests: databases, ports, real Wipsie processes and servers, and the check that a test leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import new_uuid
from wipsie.testing.leaks import no_leaks
from wipsie.testing.ports import free_port
from wipsie.testing.process import WipsieProcess
from wipsie.testing.servers import PostgresServer
from wipsie.testing.servers.fixtures import (
    authority,
    encrypted_postgres_server,
    moto_server,
    pgbouncer_server,
    postgres_server,
    redis_server,
    server_folder,
    session_server_folder,
)

__all__ = [
    "authority",
    "encrypted_postgres_server",
    "moto_server",
    "pgbouncer_server",
    "postgres_server",
    "redis_server",
    "server_folder",
    "session_server_folder",
]

StartWipsie = Callable[..., WipsieProcess]


SERVER_FOLDERS = {"server_folder", "session_server_folder"}
"""Whatever starts a server asks for one of them."""
_LONG_S = 120.0
SERVER_KINDS = {"postgresql", "redis", "sqs", "s3"}


def pytest_configure() -> None:
    """Processes of tests are interrupted, which those cannot be whose parent ignores it: so it is for whatever a shell starts
    behind its back."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a server belongs to `make test`: `make check` is for every few minutes."""
    for item in items:
        if isinstance(item, pytest.Function):
            call = getattr(item, "callspec", None)
            kinds = (
                {value for value in call.params.values() if isinstance(value, str)} if call is not None else set[str]()
            )
            if SERVER_FOLDERS.intersection(item.fixturenames) or SERVER_KINDS & kinds:
                item.add_marker("slow")
    # The long ones first: at the end everybody would wait for them.
    items.sort(key=_patience_s, reverse=True)


def _patience_s(item: pytest.Item) -> float:
    """How long a test may take, where it says so."""
    marker = item.get_closest_marker("timeout")
    patience_s = marker.args[0] if marker is not None and marker.args else 0.0
    return patience_s if patience_s >= _LONG_S else 0.0


@pytest.fixture(scope="session")
def servers_required() -> bool:
    """In CI a server that cannot be had is a failure, elsewhere its tests are skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """``sqlite``, or what a test asks for by indirect parameters."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A place for a database of this test; for SQLite not even its folder exists."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path}/new/folder/wipsie.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{new_uuid()}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated, empty database that tests copy: migrating takes longer than most of them."""
    path = tmp_path_factory.mktemp("migrated") / "wipsie.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgres_database(postgres_server: PostgresServer) -> str:
    """The same on the PostgreSQL server, by name."""
    asyncio.run(migrate(postgres_server.create_database("migrated")))
    return "migrated"


@pytest.fixture
def migrated_database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated, empty database of this test, of the kind `database_kind` says."""
    if database_kind == "sqlite":
        path = tmp_path / "new" / "folder" / "wipsie.db"
        path.parent.mkdir(parents=True)
        shutil.copy(request.getfixturevalue("migrated_sqlite_file"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{new_uuid()}"
    yield server.create_database(name, template=request.getfixturevalue("migrated_postgres_database"))
    server.drop_database(name)


@pytest.fixture
def port() -> int:
    """A TCP port nobody listens on."""
    return free_port()


@pytest.fixture
async def leaves_nothing_behind(tmp_path: Path) -> AsyncIterator[None]:
    """Fail the test when it leaves threads, tasks, child processes or open files of its folder behind."""
    async with no_leaks(tmp_path):
        yield


@pytest.fixture
async def start_wipsie(tmp_path: Path) -> AsyncIterator[StartWipsie]:
    """Start `wipsie <arguments>` on a free port with a data folder of its own; ended with the test, by force if need be.

    Await `process.wait_until_healthy()` for those that serve HTTP. Processes started with the same `data_dir` share
    queues and database.
    """
    started: list[WipsieProcess] = []

    def start(
        arguments: Sequence[str],
        *,
        data_dir: Path | None = None,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> WipsieProcess:
        process = WipsieProcess(arguments, data_dir=data_dir or tmp_path / "wipsie", port=port, environment=environment)
        process.start()
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        with contextlib.suppress(AssertionError):
            await process.stop()


async def _fill(url: str, module: Any) -> str:
    fill: Callable[[AsyncConnection], Awaitable[None]] = module.fill
    await migrate(url)
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    async with database.begin() as connection:
        await fill(connection)
    await database.stop()
    return url


@pytest.fixture(scope="module")
def full_sqlite_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with what the test module's own `fill(connection)` puts into it."""
    return asyncio.run(_fill(f"sqlite:///{tmp_path_factory.mktemp('full')}/wipsie.db", cast("Any", request).module))


@pytest.fixture(scope="module")
def full_postgresql_url(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[str]:
    """The same on the PostgreSQL server."""
    name = f"full_{new_uuid()}"
    yield asyncio.run(_fill(postgres_server.create_database(name), cast("Any", request).module))
    postgres_server.drop_database(name)


@pytest.fixture
def full_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """Either of the two."""
    return request.getfixturevalue(f"full_{database_kind}_url")


@pytest.fixture
async def full(full_url: str) -> AsyncIterator[Database]:
    """A database that is filled once for all tests of a module, by its `fill(connection)`. Only to be read."""
    database = Database(full_url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    yield database
    await database.stop()
