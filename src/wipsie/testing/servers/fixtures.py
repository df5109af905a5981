"""The servers as pytest fixtures, one of each per test process. Import the ones you need into your conftest.py.

A server that cannot be had skips the tests that need it, or fails them where `servers_required` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from wipsie.testing.servers.accounts import open_folder
from wipsie.testing.servers.certificates import Authority
from wipsie.testing.servers.moto import MotoServer
from wipsie.testing.servers.pgbouncer import PgBouncerServer
from wipsie.testing.servers.postgres import PostgresServer, tls_settings
from wipsie.testing.servers.programs import ServerMissing
from wipsie.testing.servers.redis import RedisServer


@pytest.fixture(scope="session")
def servers_required() -> bool:
    """Override with True where every server must be there, as in CI: a missing one then fails the tests."""
    return False


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A temporary folder of this test that servers under other accounts can reach, for servers of its own."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def session_server_folder() -> Iterator[Path]:
    """The same for the servers all tests of this process share."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server(session_server_folder: Path, servers_required: bool) -> Iterator[PostgresServer]:
    """A running PostgreSQL without fsync: for suites that kill nothing. Take a database of your own in it."""
    # With no crash to survive, waiting for the disk proves nothing and takes minutes.
    settings = {"fsync": "off", "full_page_writes": "off"}
    with running(
        lambda: PostgresServer(session_server_folder / "postgres", settings=settings), servers_required
    ) as one:
        yield one


@pytest.fixture(scope="session")
def pgbouncer_server(
    session_server_folder: Path, postgres_server: PostgresServer, servers_required: bool
) -> Iterator[PgBouncerServer]:
    """A running PgBouncer in transaction mode in front of `postgres_server`."""
    with running(
        lambda: PgBouncerServer(session_server_folder / "pgbouncer", postgres_server), servers_required
    ) as one:
        yield one


@pytest.fixture(scope="session")
def redis_server(session_server_folder: Path, servers_required: bool) -> Iterator[RedisServer]:
    """A running Redis that logs its writes without waiting for the disk: for suites that kill nothing."""
    with running(lambda: RedisServer(session_server_folder / "redis", appendfsync="no"), servers_required) as one:
        yield one


@pytest.fixture(scope="session")
def moto_server(session_server_folder: Path, servers_required: bool) -> Iterator[MotoServer]:
    """A running server that speaks Amazon SQS."""
    with running(lambda: MotoServer(session_server_folder / "moto"), servers_required) as one:
        yield one


@pytest.fixture(scope="session")
def authority(session_server_folder: Path, servers_required: bool) -> Authority:
    """Signs certificates for servers of tests; nobody trusts it who does not name its file."""
    folder = session_server_folder / "certificates"
    folder.mkdir()
    folder.chmod(0o755)
    return obtained(lambda: Authority(folder), servers_required)


@pytest.fixture(scope="session")
def encrypted_postgres_server(
    session_server_folder: Path, authority: Authority, servers_required: bool
) -> Iterator[PostgresServer]:
    """A running PostgreSQL without fsync that speaks TLS too; its certificate is made out to 127.0.0.1."""

    def make() -> PostgresServer:
        settings = {"fsync": "off", **tls_settings(authority.sign("postgres"))}
        return PostgresServer(session_server_folder / "encrypted-postgres", settings=settings)

    with running(make, servers_required) as server:
        yield server


class _Server(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


ServerT = TypeVar("ServerT", bound=_Server)
PartT = TypeVar("PartT")


def obtained(make: Callable[[], PartT], required: bool) -> PartT:
    """What `make` makes. Where that cannot be had, the test is skipped, or fails when `required`."""
    try:
        return make()
    except ServerMissing as missing:
        if required:
            pytest.fail(str(missing), pytrace=False)
        # On a developer's machine that cannot have it; the reason names the program and how to get it.
        pytest.skip(str(missing))


@contextmanager
def running(make: Callable[[], ServerT], required: bool) -> Generator[ServerT]:
    """The server, started, until the block ends. Skips or fails as `obtained` does."""
    server = obtained(make, required)
    server.start()
    try:
        yield server
    finally:
        server.stop()
