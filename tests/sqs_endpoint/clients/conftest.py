"""Each client, started when the first test wants it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from client_process import ClientProcess
from foreign_clients import KINDS, Kind
from sqs_server import SqsServer


@pytest.fixture(scope="session")
def started() -> Iterator[dict[str, ClientProcess]]:
    """What runs so far, by driver and environment."""
    started: dict[str, ClientProcess] = {}
    yield started
    for client in started.values():
        client.close()


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each client there is."""
    return KINDS[request.param]


@pytest.fixture
def client(
    kind: Kind, started: dict[str, ClientProcess], server: SqsServer, tmp_path_factory: pytest.TempPathFactory
) -> ClientProcess:
    """A client in its own process; each test that has it runs with every client."""
    if kind.driver + kind.environment not in started:
        command = kind.command()
        folder = tmp_path_factory.mktemp("client")
        started[kind.driver + kind.environment] = ClientProcess(
            command, endpoint_url=server.url, folder=folder, cwd=kind.folder
        )
    return started[kind.driver + kind.environment]
