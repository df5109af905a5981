"""The stores the kill tests run on: the settings that choose one, and whether it is whole afterwards."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from wipsie.app.audit import build_audit_log
from wipsie.app.queues import build_engine
from wipsie.app.settings import Settings
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.queue.engine import QueueEngine

ALL = ("sqlite", "postgresql", "redis", "sqs")


def quick_on_sqlite() -> list[Any]:
    """Parameters for a test of every day: on SQLite always, on the servers with the slow tests. (Amazon SQS has tests of its
    own: its simulated server is too slow for a crowd of senders.)"""
    return ["sqlite", *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgresql", "redis"))]


@dataclass(frozen=True)
class Store:
    """Where queues and database are, as settings say it."""

    name: str
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Variables for processes; those that are not there have their defaults in the data folder."""

    def settings(self, folder: Path) -> Settings:
        """The settings of a process on the data folder."""
        return Settings.read({"WIPSIE_DATA_DIR": str(folder), **self.environment})

    def engine(self, folder: Path, clock: Clock) -> QueueEngine:
        """The queues, not started."""
        return build_engine(self.settings(folder), clock)

    def database(self, folder: Path, clock: Clock) -> Database:
        """The database, not started."""
        settings = self.settings(folder)
        database = Database(settings.database.url, clock=clock)
        database.record_with(build_audit_log(settings, clock))
        return database

    def check(self, folder: Path) -> None:
        """The files of the folder are whole; a server sees to its own."""
        for path in folder.glob("*.db"):
            with closing(sqlite3.connect(path)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path


@contextmanager
def opened(name: str, request: pytest.FixtureRequest) -> Generator[Store]:
    """A store of this test alone on the servers all tests share."""
    token = os.urandom(4).hex()
    # Servers are shared, queues are not.
    prefix = {"SQS_QUEUE_PREFIX": f"kill{token}-"}
    match name:
        case "postgresql":
            server = request.getfixturevalue("postgres_server")
            database = f"kill_{token}"
            url = server.create_database(database)
            yield Store(name, {"QUEUE_URL": url, "DATABASE_URL": url})
            server.drop_database(database)
        case "redis":
            yield Store(name, {"QUEUE_URL": request.getfixturevalue("redis_server").url(), **prefix})
        case "sqs":
            server = request.getfixturevalue("moto_server")
            secrets = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
            patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
            for variable, value in secrets.items():
                # For the queues this process looks at: the AWS libraries read the environment.
                patch.setenv(variable, value)
            url = f"sqs://us-east-1?endpoint_url={server.endpoint_url}"
            yield Store(name, {"QUEUE_URL": url, **secrets, **prefix})
        case _:
            yield Store(name)
