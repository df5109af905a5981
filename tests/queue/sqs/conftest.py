"""Where the SQS tests keep their queues: a real server on loopback that takes any credentials."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]  (library without types)

from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.queue.contract import (
    DeadLetterCause,
    DeadLetterOrder,
    Delivery,
    NewMessage,
    Outcome,
    QueueSettings,
    SendResult,
)
from wipsie.testing.servers import MotoServer

SqsUrl = Callable[..., str]


@pytest.fixture
def made_up_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The AWS chain finds these and nothing of this machine."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.fixture
def url_of(made_up_credentials: None) -> SqsUrl:
    """QUEUE_URL for an endpoint. Polls are short, so that a stop need not wait for long ones."""

    def url(endpoint_url: str, *, poll_s: int = 1, settings_s: float = 1.0) -> str:
        endpoint = quote(endpoint_url, safe="")
        return f"sqs://us-east-1?endpoint_url={endpoint}&poll_s={poll_s}&settings_s={settings_s}"

    return url


@pytest.fixture
def sqs_url(moto_server: MotoServer, url_of: SqsUrl) -> str:
    """QUEUE_URL for the server all tests of this process share."""
    return url_of(moto_server.endpoint_url)


@pytest.fixture(scope="session")
def aws_session() -> object:
    """One for many backends: reading the files that describe the service takes a tenth of a second."""
    return get_session()


class ForeignClient:
    """What any other program does: boto3, without a word of Wipsie."""

    def __init__(self, endpoint_url: str) -> None:
        import boto3

        library: Any = boto3
        self._client: Any = library.client("sqs", region_name="us-east-1", endpoint_url=endpoint_url)

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One request; `operation` as the library writes it."""
        return await asyncio.to_thread(getattr(self._client, operation), **parameters)

    async def url(self, queue: str) -> str:
        """The queue's address."""
        return (await self.call("get_queue_url", QueueName=queue))["QueueUrl"]

    async def send(self, queue: str, body: str, **parameters: Any) -> str:
        """Send one message; its SQS message id."""
        answer = await self.call("send_message", QueueUrl=await self.url(queue), MessageBody=body, **parameters)
        return answer["MessageId"]

    async def receive(self, queue: str) -> dict[str, Any]:
        """The one message that is ready, with all it has, left ready."""
        (message,) = (
            await self.call(
                "receive_message",
                QueueUrl=await self.url(queue),
                MessageAttributeNames=["All"],
                AttributeNames=["All"],
                VisibilityTimeout=0,
            )
        )["Messages"]
        return message

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def foreign(moto_server: MotoServer, made_up_credentials: None) -> Iterator[ForeignClient]:
    client = ForeignClient(moto_server.endpoint_url)
    yield client
    client.close()


class ShelfOfBodies:
    """Large bodies by key, in memory; can be out of reach."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.away = False

    def _check(self) -> None:
        if self.away:
            raise StorageUnavailable("The shelf cannot be reached.", retry_after_s=1)

    async def put(self, key: str, body: bytes) -> None:
        self._check()
        self.bodies[key] = body

    async def get(self, key: str) -> bytes | None:
        self._check()
        return self.bodies.get(key)

    async def delete(self, key: str) -> None:
        self._check()
        self.bodies.pop(key, None)


@pytest.fixture
def shelf() -> ShelfOfBodies:
    return ShelfOfBodies()


class Bench:
    """A backend with a queue and its dead-letter queue, of names no other test has."""

    def __init__(self, backend: SqsQueueBackend) -> None:
        self.backend = backend
        self.queue = QueueName(f"sqs-test-{os.urandom(4).hex()}")
        self.dead = QueueName(f"{self.queue}-dlq")

    async def open(self, **fields: Any) -> None:
        await self.backend.start()
        await self.backend.create_queue(QueueSettings(name=self.dead))
        await self.backend.create_queue(QueueSettings(name=self.queue, dead_letter_queue=self.dead, **fields))

    async def close(self) -> None:
        for settings in await self.backend.list_queues():
            if settings.name.startswith(self.queue):
                await self.backend.delete_queue(settings.name)
        await self.backend.stop()

    def message(self, body: str = "hello", **fields: Any) -> NewMessage:
        return NewMessage(queue=self.queue, body=body, message_id=new_message_id(), **fields)

    async def send(self, body: str = "hello", **fields: Any) -> SendResult:
        (outcome,) = await self.backend.send([self.message(body, **fields)])
        assert isinstance(outcome, SendResult), outcome
        return outcome

    async def take(self, queue: QueueName | None = None, **options: Any) -> Delivery:
        (delivery,) = await self.backend.receive(queue or self.queue, **options)
        return delivery

    async def bury(self, delivery: Delivery, cause: DeadLetterCause | None = None) -> Outcome:
        order = DeadLetterOrder(
            delivery.queue, delivery.receipt, cause or DeadLetterCause(code="REJECTED", reason="no")
        )
        (outcome,) = await self.backend.dead_letter([order])
        return outcome


@pytest.fixture
def bench_of() -> Callable[[SqsQueueBackend], Bench]:
    """A bench for a backend of the test's own."""
    return Bench


@pytest.fixture
async def sqs(sqs_url: str, aws_session: object) -> AsyncIterator[Bench]:
    bench = Bench(SqsQueueBackend(sqs_url, clock=SystemClock(), session=aws_session))
    await bench.open()
    yield bench
    await bench.close()


Reply = tuple[int, dict[str, Any]]


def _refusal(status: int, code: str, *, fault: str = "Sender") -> Reply:
    """An error as Amazon writes it."""
    return status, {"__type": f"com.amazonaws.sqs#{code}", "message": f"{code} was said", "_query": f"{code};{fault}"}


class ScriptedSqs:
    """A server that speaks as much of the protocol as a test of bad days needs, and fails as it is told: one queue of any name, empty. `script` holds what the next requests of an action are answered."""

    def __init__(self) -> None:
        self.script: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self.seen: Counter[str] = Counter()
        self.entries: list[int] = []
        """How many entries each batch had."""
        self._server: asyncio.Server | None = None
        self.endpoint_url = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.endpoint_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                body = json.decode(await reader.readexactly(int(headers.get("content-length", "0"))))
                action = headers["x-amz-target"].partition(".")[2]
                status, answer = self._answer(action, body)
                query = answer.pop("_query", None)
                content = json.encode(answer)
                error = f"x-amzn-query-error: {query}\r\n" if query else ""
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\n{error}"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, action: str, body: dict[str, Any]) -> Reply:
        self.seen[action] += 1
        entries = body.get("Entries", [])
        if entries:
            self.entries.append(len(entries))
        if self.script[action.lower()]:
            status, answer = self.script[action.lower()].popleft()
            return status, dict(answer)
        if action.endswith("batch"):
            return 200, {
                "Successful": [{"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": ""} for entry in entries]
            }
        url = f"{self.endpoint_url}/123456789012/{body.get('QueueName', 'q')}"
        answers: dict[str, dict[str, Any]] = {
            "getqueueurl": {"QueueUrl": url},
            "getqueueattributes": {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:q"}},
        }
        return 200, answers.get(action, {})


Refusal = Callable[..., Reply]


@pytest.fixture
def refusal() -> Refusal:
    """Makes an error as Amazon writes it: ``refusal(status, code)``."""
    return _refusal


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedSqs]:
    server = ScriptedSqs()
    await server.start()
    yield server
    await server.stop()
