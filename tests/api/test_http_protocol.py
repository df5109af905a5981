"""What a connection may do: everything but send nothing, or nothing to the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from wipsie.api.http_protocol import HttpProtocol
from wipsie.testing.served import served

READ_S_MAX = 20.0


class HastyProtocol(HttpProtocol):
    """The same, for tests that cannot wait for minutes."""

    request_s_max = 0.3


class QuickProtocol(HttpProtocol):
    """The same, but a machine that stands still for a moment has not used up the time of a request that came at once."""

    request_s_max = 2.0


class Echo:
    """Answers with the body, once `answer` is set; keeps what it was told."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()
        self.answer.set()
        self.heard: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            self.heard.append(message)
            if message["type"] != "http.request":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        await self.answer.wait()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def port(echo: Echo) -> AsyncIterator[int]:
    async with served(echo, http=HastyProtocol) as url:
        yield int(url.rpartition(":")[2])


@pytest.fixture
async def quick_client(echo: Echo) -> AsyncIterator[Client]:
    async with served(echo, http=QuickProtocol) as url, Client.connected(int(url.rpartition(":")[2])) as client:
        yield client


class Client:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def connected(cls, port: int) -> AsyncGenerator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield cls(reader, writer)
        writer.close()
        await writer.wait_closed()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def to_the_end(self) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(READ_S_MAX):
            return await self.reader.read()

    async def answer(self) -> bytes:
        """The body of one answer of few bytes."""
        async with asyncio.timeout(READ_S_MAX):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return await self.reader.readexactly(int(length.partition(b":")[2]))


@pytest.fixture
async def client(port: int) -> AsyncIterator[Client]:
    async with Client.connected(port) as client:
        yield client


def refusal(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: h", id="half a head"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf", id="half a body"),
    ],
)
async def test_a_request_that_never_ends_is_ended(client: Client, echo: Echo, sent: bytes) -> None:
    client.send(sent)
    status, error = refusal(await client.to_the_end())
    assert (status, error["code"]) == (408, "REQUEST_TIMEOUT")
    assert [message["type"] for message in echo.heard] in ([], ["http.request", "http.disconnect"])


async def test_who_sends_a_byte_now_and_then_gains_nothing_by_it(client: Client) -> None:
    async def drip() -> None:
        while True:
            client.send(b"x")
            await client.writer.drain()
            await asyncio.sleep(0.02)

    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nX-Long: ")
    dripping = asyncio.ensure_future(drip())
    try:
        answer = await client.to_the_end()
    except ConnectionError:
        # A byte met the closed connection, and the system threw the answer away.
        return
    finally:
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    assert refusal(answer)[0] == 408


async def test_an_answer_may_take_longer_than_a_request(quick_client: Client, echo: Echo) -> None:
    echo.answer.clear()
    quick_client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
    await asyncio.sleep(1.25 * QuickProtocol.request_s_max)
    echo.answer.set()
    assert await quick_client.answer() == b"hi"


async def test_the_next_request_has_time_of_its_own_even_if_it_came_early(quick_client: Client, echo: Echo) -> None:
    echo.answer.clear()
    request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n"
    quick_client.send(request + b"hi" + request + b"h")
    await asyncio.sleep(1.25 * QuickProtocol.request_s_max)
    quick_client.send(b"o")
    echo.answer.set()
    assert [await quick_client.answer(), await quick_client.answer()] == [b"hi", b"ho"]


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01", b"HELO mail.example\r\n\r\n"])
async def test_what_is_no_http_is_told_so(client: Client, sent: bytes) -> None:
    client.send(sent)
    status, error = refusal(await client.to_the_end())
    assert (status, error["code"]) == (400, "MALFORMED_REQUEST")
