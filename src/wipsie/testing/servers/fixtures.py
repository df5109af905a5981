"""The servers as pytest fixtures, one of each per test process. Import the ones you need into your conftest.py.

A server that cannot be had skips the tests that need it, or fails them where `servers_required` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from wipsie.testing.servers.accounts import open_folder
from wipsie.testing.servers.moto import MotoServer
from wipsie.testing.servers.pgbouncer import PgBouncerServer
from wipsie.testing.servers.postgres import PostgresServer
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
    try:
        # With no crash to survive, waiting for the disk proves nothing and takes minutes.
        server = PostgresServer(
            session_server_folder / "postgres", settings={"fsync": "off", "full_page_writes": "off"}
        )
    except ServerMissing as missing:
        _give_up(missing, servers_required)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pgbouncer_server(
    session_server_folder: Path, postgres_server: PostgresServer, servers_required: bool
) -> Iterator[PgBouncerServer]:
    """A running PgBouncer in transaction mode in front of `postgres_server`."""
    try:
        server = PgBouncerServer(session_server_folder / "pgbouncer", postgres_server)
    except ServerMissing as missing:
        _give_up(missing, servers_required)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(session_server_folder: Path, servers_required: bool) -> Iterator[RedisServer]:
    """A running Redis that logs its writes without waiting for the disk: for suites that kill nothing."""
    try:
        server = RedisServer(session_server_folder / "redis", appendfsync="no")
    except ServerMissing as missing:
        _give_up(missing, servers_required)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def moto_server(session_server_folder: Path, servers_required: bool) -> Iterator[MotoServer]:
    """A running server that speaks Amazon SQS."""
    try:
        server = MotoServer(session_server_folder / "moto")
    except ServerMissing as missing:
        _give_up(missing, servers_required)
    server.start()
    yield server
    server.stop()


def _give_up(missing: ServerMissing, required: bool) -> NoReturn:
    if required:
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))
