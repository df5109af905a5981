"""Fixtures for all tests: ports, real Wipsie processes and servers, and the check that a test leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from wipsie.testing.leaks import no_leaks
from wipsie.testing.process import WipsieProcess, free_port
from wipsie.testing.servers.fixtures import (
    moto_server,
    pgbouncer_server,
    postgres_server,
    redis_server,
    server_folder,
    session_server_folder,
)

__all__ = [
    "moto_server",
    "pgbouncer_server",
    "postgres_server",
    "redis_server",
    "server_folder",
    "session_server_folder",
]

StartWipsie = Callable[..., WipsieProcess]


@pytest.fixture(scope="session")
def servers_required() -> bool:
    """In CI a server that cannot be had is a failure, elsewhere its tests are skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


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
        arguments: Sequence[str], *, data_dir: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> WipsieProcess:
        process = WipsieProcess(arguments, data_dir=data_dir or tmp_path / "wipsie", environment=environment)
        process.start()
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        with contextlib.suppress(AssertionError):
            await process.stop()
