"""The places a queue can live in, each durable and on the measured disk: what lets one scenario run on every backend.

sqlite           one file, synchronous=FULL                     run log: a SQLite file
postgresql       a server of its own, fsync and commits on      run log: the same PostgreSQL
redis            a server of its own, appendfsync always        run log: a SQLite file
redis_everysec   the same with Redis' usual appendfsync         run log: a SQLite file
sqs              moto's server, which keeps all in memory       run log: a SQLite file
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scenario import Settings, Skipped
from wipsie.kernel.clock import Clock
from wipsie.queue.contract import QueueBackend
from wipsie.testing.servers import MotoServer, PostgresServer, RedisServer, ServerMissing

TITLES = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "redis_everysec": "Redis everysec",
    "sqs": "SQS (moto)",
}
"""Stores by name, in the order in which they are shown."""

PROGRAMS = {"postgresql": ("postgres",), "redis": ("redis-server",), "redis_everysec": ("redis-server",)}
"""Programs a store needs on this machine."""

POSTGRES_SETTINGS = {
    # Durable: these are PostgreSQL's defaults, said aloud because everything here rests on them.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Modest sizes for a small server, in place of defaults made for the smallest one.
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
}
_REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-central-1", "ap-south-1")


@dataclass(frozen=True, kw_only=True)
class Place:
    """An empty queue store of its own, with the database for the run log. It may be opened again and again."""

    backend: Callable[[Clock], QueueBackend]
    database_url: str


@dataclass(frozen=True, kw_only=True)
class Store:
    """A running store. `new_place` takes a short name that no other place of this store has."""

    name: str
    settings: Settings
    new_place: Callable[[str], Place]


@contextmanager
def open_store(name: str, directory: Path) -> Generator[Store]:
    """The store `name`, its data below `directory`; a server is ended with the block. Skipped when it cannot be had."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with _OPENERS[name](directory) as store:
            yield store
    except ServerMissing as missing:
        raise Skipped(f"needs {missing.program}. {missing.how_to_get_it}") from None


@contextmanager
def postgres_server(directory: Path) -> Generator[PostgresServer]:
    """A running PostgreSQL with `POSTGRES_SETTINGS`. ServerMissing, Skipped."""
    server = PostgresServer(directory, settings=POSTGRES_SETTINGS)
    try:
        server.start()
    except ValueError as unreachable:
        raise Skipped(f"Its account cannot reach the folder; choose another with --directory. {unreachable}") from None
    try:
        yield server
    finally:
        server.stop()


def postgres_settings(server: PostgresServer) -> Settings:
    """What was asked of the server, as it answers itself. AssertionError when it is not durable."""
    names = ", ".join(f"'{name}', current_setting('{name}')" for name in POSTGRES_SETTINGS)
    shown = server.run_sql(
        f"SELECT concat_ws(' ', 'server_version', current_setting('server_version'), {names})"
    ).split()
    if "fsync on synchronous_commit on full_page_writes on" not in " ".join(shown):
        raise AssertionError(f"PostgreSQL is not durable: {shown}")
    version = shown[1]
    return {"postgresql": version, **POSTGRES_SETTINGS}


@contextmanager
def redis_server(directory: Path, *, appendfsync: str) -> Generator[RedisServer]:
    """A running Redis that writes its log. ServerMissing."""
    server = RedisServer(directory, appendonly=True, appendfsync=appendfsync)
    directory.mkdir(parents=True, exist_ok=True)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def redis_settings(server: RedisServer, *, appendfsync: str) -> Settings:
    """What was asked of the server, as it answers itself. AssertionError when it is less durable."""
    import redis

    # Its types leave the answers open.
    client_class: Any = redis.Redis
    with client_class.from_url(server.url(), decode_responses=True) as client:
        version: str = client.info("server")["redis_version"]
        shown: dict[str, str] = client.config_get("append*")
    if (shown["appendonly"], shown["appendfsync"]) != ("yes", appendfsync):
        raise AssertionError(f"Redis is less durable than asked for: {shown}")
    return {"redis": version, "appendonly": "yes", "appendfsync": appendfsync}


def _file_url(directory: Path, name: str) -> str:
    return f"sqlite:///{directory / f'{name}-runs.db'}"


@contextmanager
def _sqlite(directory: Path) -> Generator[Store]:
    import apsw

    from wipsie.queue.backends.sqlite import SqliteQueueBackend

    def new_place(name: str) -> Place:
        path = directory / f"{name}.db"
        return Place(
            backend=lambda clock: SqliteQueueBackend(path, clock=clock), database_url=_file_url(directory, name)
        )

    yield Store(
        name="sqlite", settings={"sqlite": apsw.sqlite_lib_version(), "synchronous": "FULL"}, new_place=new_place
    )


@contextmanager
def _postgresql(directory: Path) -> Generator[Store]:
    from wipsie.queue.backends.postgres import PostgresQueueBackend

    with postgres_server(directory / "postgresql") as server:

        def new_place(name: str) -> Place:
            url = server.create_database(name)
            return Place(backend=lambda clock: PostgresQueueBackend(url, clock=clock), database_url=url)

        yield Store(name="postgresql", settings=postgres_settings(server), new_place=new_place)


@contextmanager
def _redis(directory: Path, store: str, appendfsync: str) -> Generator[Store]:
    from wipsie.queue.backends.redis import RedisQueueBackend

    with redis_server(directory / "redis", appendfsync=appendfsync) as server:

        def new_place(name: str) -> Place:
            return Place(
                backend=lambda clock: RedisQueueBackend(server.url(), clock=clock, namespace=name),
                database_url=_file_url(directory, name),
            )

        yield Store(name=store, settings=redis_settings(server, appendfsync=appendfsync), new_place=new_place)


@contextmanager
def _sqs(directory: Path) -> Generator[Store]:
    from importlib.metadata import version

    from wipsie.queue.backends.sqs import SqsQueueBackend

    # Credentials come the way the AWS libraries look for them; moto takes any.
    os.environ.update(dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "benchmark"))
    (directory / "moto").mkdir()
    server = MotoServer(directory / "moto")
    server.start()
    regions = iter(_REGIONS)
    try:

        def new_place(name: str) -> Place:
            # The queues of one region know nothing of another's.
            url = f"sqs://{next(regions)}?endpoint_url={server.endpoint_url}"
            return Place(
                backend=lambda clock: SqsQueueBackend(url, clock=clock), database_url=_file_url(directory, name)
            )

        yield Store(
            name="sqs",
            settings={"moto": version("moto"), "durability": "none: moto keeps everything in memory"},
            new_place=new_place,
        )
    finally:
        server.stop()


_OPENERS: dict[str, Callable[[Path], Any]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "redis": lambda directory: _redis(directory, "redis", "always"),
    "redis_everysec": lambda directory: _redis(directory, "redis_everysec", "everysec"),
    "sqs": _sqs,
}
