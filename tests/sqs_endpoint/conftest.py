"""One server for all tests, and clients of both protocols for it."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sqs_clients import NewQueue, Sqs, make_client
from sqs_server import SqsServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path) -> Iterator[SqsServer]:
    """Served over a queue file and a database of its own."""
    folder = tmp_path_factory.mktemp("sqs")
    shutil.copy(migrated_sqlite_file, folder / "wipsie.db")
    server = SqsServer(folder / "queue.db", f"sqlite:///{folder}/wipsie.db")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def clients(server: SqsServer) -> Iterator[dict[str, Sqs]]:
    """One of each protocol."""
    clients = {protocol: make_client(server.url, protocol) for protocol in ("json", "query")}
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(params=["json", "query"])
def sqs(clients: dict[str, Sqs], request: pytest.FixtureRequest) -> Sqs:
    """A client; each test that has it runs in both protocols."""
    return clients[request.param]


@pytest.fixture
def json_sqs(clients: dict[str, Sqs]) -> Sqs:
    """A client of the newer protocol, for what does not depend on it."""
    return clients["json"]


@pytest.fixture
def new_queue(json_sqs: Sqs) -> NewQueue:
    """`new_queue(fifo=True, VisibilityTimeout="5")` makes a queue and gives its URL."""

    def make(*, fifo: bool = False, **attributes: str) -> str:
        name = f"queue-{next(_numbers)}{'.fifo' if fifo else ''}"
        if fifo:
            attributes["FifoQueue"] = "true"
        return json_sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    return make


@pytest.fixture
def queue(new_queue: NewQueue) -> str:
    """The URL of an empty standard queue."""
    return new_queue()
