"""The client of the Graph API against the simulated one, over HTTP; and against servers that are worse than any API."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wipsie.slices.vault.domain.sending.outcomes import NotSent, Refused, Taken, Unknown
from wipsie.slices.vault.domain.whatsapp.outgoing import ReadReceipt, Recipient, TextMessage, send_payload
from wipsie.slices.vault.gateways.graph import (
    FileTooLarge,
    GraphClient,
    GraphRefused,
    GraphSettings,
    GraphUnreachable,
    PlaceRefused,
)
from wipsie.testing.ports import free_port
from wipsie.testing.simulators.whatsapp import Behaviour, Phone, WhatsAppSimulator

NUMBER_ID = "420000000000088"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 700 + b"\n%%EOF\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Content:
    """A file of ours; `failure` comes in the place of its second half."""

    def __init__(self, content: bytes, failure: Exception | None = None) -> None:
        self.size = len(content)
        self._content = content
        self._failure = failure

    async def pieces(self) -> AsyncIterator[bytes]:
        half = self.size // 2
        yield self._content[:half]
        if self._failure is not None:
            raise self._failure
        yield self._content[half:]


@pytest.fixture
async def simulator() -> AsyncIterator[WhatsAppSimulator]:
    async with WhatsAppSimulator(phone_number_id=NUMBER_ID) as simulator:
        yield simulator


@pytest.fixture
def asha(simulator: WhatsAppSimulator) -> Phone:
    return simulator.phones.add("Asha Example", number="15550100123")


@asynccontextmanager
async def client_of(url: str, **settings: Any) -> AsyncGenerator[GraphClient]:
    client = GraphClient(GraphSettings(url=url, **settings), lambda: "simulator-access-token")
    try:
        yield client
    finally:
        await client.stop()


@pytest.fixture
async def graph(simulator: WhatsAppSimulator) -> AsyncIterator[GraphClient]:
    async with client_of(simulator.graph_url) as client:
        yield client


@asynccontextmanager
async def raw_server(handler: Handler) -> AsyncGenerator[str]:
    """A server that answers as `handler` writes; its address."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def answering(status: int, body: bytes, headers: str = "", *, length: int | None = None) -> Handler:
    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = len(body) if length is None else length
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n".encode())
        writer.write(body)
        await writer.drain()

    return handler


def hello(number: str = "15550100123") -> dict[str, Any]:
    return send_payload(TextMessage(body="Hello"), Recipient(number=number), reference="vdel_1")


async def test_a_message_is_taken_and_shown(simulator: WhatsAppSimulator, graph: GraphClient, asha: Phone) -> None:
    await asha.send_text("hi")
    outcome = await graph.send(NUMBER_ID, hello())
    assert isinstance(outcome, Taken)
    bubble = await asha.expect("Hello")
    assert bubble.id == outcome.message_id
    receipt = await graph.mark_read(NUMBER_ID, ReadReceipt(asha.chat.mine[0].id, is_typing=True))
    assert receipt == Taken(None)
    assert asha.is_typing
    call = simulator.log.calls[-1]
    assert (call.version, call.path) == ("v26.0", f"/v26.0/{NUMBER_ID}/messages")


async def test_every_way_a_send_can_end_is_told_apart(
    simulator: WhatsAppSimulator, graph: GraphClient, asha: Phone
) -> None:
    await asha.send_text("hi")
    simulator.faults.error(131056)
    refused = await graph.send(NUMBER_ID, hello())
    assert isinstance(refused, Refused)
    assert refused.error.code == 131056
    simulator.faults.error(130429, retry_after_s=7)
    refused = await graph.send(NUMBER_ID, hello())
    assert isinstance(refused, Refused)
    assert refused.asked_s == 7
    simulator.faults.lost_answer()
    assert isinstance(await graph.send(NUMBER_ID, hello()), Unknown)
    await asha.expect("Hello")
    simulator.faults.reset()
    assert isinstance(await graph.send(NUMBER_ID, hello()), Unknown)
    for status, kind in ((502, Unknown), (504, Unknown), (500, Unknown), (503, NotSent), (404, NotSent)):
        simulator.faults.http_error(status)
        assert isinstance(await graph.send(NUMBER_ID, hello()), kind), status
    for status in (401, 429):
        simulator.faults.http_error(status)
        assert isinstance(await graph.send(NUMBER_ID, hello()), Refused), status
    refused = await graph.send("420000000000099", hello())
    assert isinstance(refused, Refused)
    assert (refused.error.code, refused.error.subcode) == (100, 33)


async def test_the_token_is_asked_for_at_every_call(simulator: WhatsAppSimulator, asha: Phone) -> None:
    await asha.send_text("hi")
    tokens = ["old", "simulator-access-token", ""]
    client = GraphClient(GraphSettings(url=simulator.graph_url), lambda: tokens[0])
    refused = await client.send(NUMBER_ID, hello())
    assert isinstance(refused, Refused)
    assert refused.error.code == 190
    del tokens[0]
    assert isinstance(await client.send(NUMBER_ID, hello()), Taken)
    del tokens[0]
    refused = await client.send(NUMBER_ID, hello())
    assert isinstance(refused, Refused)
    assert refused.error.code == 0
    with pytest.raises(GraphRefused):
        await client.media_lookup("97")
    await client.stop()
    await client.stop()


async def test_who_is_not_there_got_nothing() -> None:
    async with client_of(f"http://127.0.0.1:{free_port()}") as client:
        assert isinstance(await client.send(NUMBER_ID, hello()), NotSent)
        with pytest.raises(GraphUnreachable):
            await client.media_lookup("97")
    async with client_of("http://nobody.invalid") as client:
        assert isinstance(await client.send(NUMBER_ID, hello()), NotSent)


async def test_who_takes_it_and_stays_silent_may_have_it() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        pass

    async with raw_server(silent) as url, client_of(url, call_timeout_s=0.1) as client:
        assert await client.send(NUMBER_ID, hello()) == Unknown("no answer within 0.1 s")
    async with raw_server(silent) as url, client_of(url, stall_timeout_s=0.1) as client:
        assert isinstance(await client.send(NUMBER_ID, hello()), Unknown)
    async with raw_server(hangs_up) as url, client_of(url) as client:
        assert isinstance(await client.send(NUMBER_ID, hello()), Unknown)


@pytest.mark.parametrize(
    "answer",
    [
        answering(200, b"OK"),
        answering(200, b'{"messages": []}'),
        answering(200, b'{"messages": [{"id": "wamid.', length=1_000),
        answering(200, b"[" * 3_000),
        answering(200, b" " * 5_000),
    ],
    ids=["text", "no id", "cut", "deep", "long"],
)
async def test_an_answer_that_names_no_message_tells_nothing(answer: Handler) -> None:
    async with raw_server(answer) as url, client_of(url, answer_bytes_max=4_000) as client:
        assert isinstance(await client.send(NUMBER_ID, hello()), Unknown)


async def test_nothing_is_sent_on_with_the_token() -> None:
    asked: list[bytes] = []

    async def spy(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(10))

    async with (
        raw_server(spy) as elsewhere,
        raw_server(answering(307, b"", f"Location: {elsewhere}/\r\n")) as url,
        client_of(url) as client,
    ):
        assert isinstance(await client.send(NUMBER_ID, hello()), NotSent)
        with pytest.raises(PlaceRefused):
            async with client.download(f"{url}/file", bytes_max=10):
                pass
    assert asked == []


async def test_a_file_goes_up_and_comes_down_and_goes(
    simulator: WhatsAppSimulator, graph: GraphClient, asha: Phone
) -> None:
    media_id = await graph.upload_media(NUMBER_ID, Content(PDF), media_type="application/pdf")
    place = await graph.media_lookup(media_id, phone_number_id=NUMBER_ID)
    assert (place.size, place.mime_type) == (len(PDF), "application/pdf")
    async with graph.download(place.url, bytes_max=len(PDF)) as download:
        content = b"".join([piece async for piece in download.pieces()])
    assert content == PDF
    assert (download.size, download.content_type) == (len(PDF), "application/pdf")
    assert download.sha256 == place.sha256 == hashlib.sha256(PDF).hexdigest()
    assert await graph.delete_media(media_id)
    assert not await graph.delete_media(media_id)
    with pytest.raises(GraphRefused) as caught:
        await graph.media_lookup(media_id)
    assert caught.value.is_gone
    with pytest.raises(GraphRefused) as caught:
        async with graph.download(place.url, bytes_max=len(PDF)):
            pass
    assert caught.value.is_gone
    assert (caught.value.http_status, str(caught.value)) == (404, "the Graph API answered 404, code None")


async def test_a_file_that_cannot_be_read_is_told_as_such(graph: GraphClient) -> None:
    with pytest.raises(KeyError, match="sealed"):
        await graph.upload_media(NUMBER_ID, Content(PDF, KeyError("sealed")), media_type="application/pdf")
    with pytest.raises(ValueError, match="media type"):
        await graph.upload_media(NUMBER_ID, Content(PDF), media_type="application/pdf\r\nX: y")


async def test_a_file_whatsapp_does_not_take_is_refused(simulator: WhatsAppSimulator, graph: GraphClient) -> None:
    with pytest.raises(GraphRefused) as caught:
        await graph.upload_media(NUMBER_ID, Content(b"<html>"), media_type="application/pdf")
    assert caught.value.treatment.reason == "media_refused"
    simulator.faults.reset(route="upload")
    with pytest.raises(GraphUnreachable):
        await graph.upload_media(NUMBER_ID, Content(PDF), media_type="application/pdf")


async def test_downloads_end_whatever_comes(simulator: WhatsAppSimulator, graph: GraphClient, asha: Phone) -> None:
    media_id = await graph.upload_media(NUMBER_ID, Content(PDF), media_type="application/pdf")
    url = (await graph.media_lookup(media_id)).url

    async def fetch() -> int:
        async with graph.download(url, bytes_max=10**6) as download:
            return sum([len(piece) async for piece in download.pieces()])

    simulator.faults.endless()
    with pytest.raises(FileTooLarge):
        await fetch()
    simulator.faults.truncated()
    with pytest.raises(GraphUnreachable):
        await fetch()
    simulator.faults.error(190, route="download")
    with pytest.raises(GraphRefused) as caught:
        await fetch()
    assert caught.value.treatment.reason == "token_invalid"
    assert await fetch() == len(PDF)


async def test_a_file_that_is_announced_as_too_large_is_not_begun() -> None:
    async with raw_server(answering(200, b"x" * 100)) as url, client_of(url) as client:
        with pytest.raises(FileTooLarge):
            async with client.download(f"{url}/file", bytes_max=99):
                pass


async def test_a_download_that_stalls_is_given_up() -> None:
    async def stalling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        await reader.read()

    for limit in ("stall_timeout_s", "file_timeout_s"):
        async with raw_server(stalling) as url, client_of(url, **{limit: 0.1}) as client:
            with pytest.raises(GraphUnreachable):
                async with client.download(f"{url}/file", bytes_max=100) as download:
                    assert [piece async for piece in download.pieces()] == [b"half"]


async def test_compressed_answers_are_not_blown_up() -> None:
    bomb = b"\x1f\x8b" + bytes(40)
    async with (
        raw_server(answering(200, bomb, "Content-Encoding: gzip\r\n")) as url,
        client_of(url) as client,
        client.download(f"{url}/file", bytes_max=100) as download,
    ):
        assert b"".join([piece async for piece in download.pieces()]) == bomb


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/x", "https://evil.example/x", "http://lookaside.fbsbx.com/x", "https://169.254.169.254/x"],
)
async def test_the_token_is_not_taken_elsewhere(graph: GraphClient, url: str) -> None:
    with pytest.raises(PlaceRefused):
        async with graph.download(url, bytes_max=10):
            pass


async def test_a_host_of_meta_that_leads_into_our_networks_is_refused(
    graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def into_our_network(*_args: Any, **_more: Any) -> Any:
        return [{"hostname": "h", "host": "10.0.0.8", "port": 443, "family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", into_our_network)
    with pytest.raises(PlaceRefused):
        async with graph.download("https://lookaside.fbsbx.com/x", bytes_max=10):
            pass


async def test_an_id_is_never_a_path(graph: GraphClient) -> None:
    for media_id in ("../me", "1/2", "", "1?x=y"):
        with pytest.raises(ValueError, match="letters and digits"):
            await graph.media_lookup(media_id)


async def test_slow_calls_end_by_the_time_of_the_call(simulator: WhatsAppSimulator) -> None:
    simulator.faults.slow(30, route="lookup")
    async with client_of(simulator.graph_url, call_timeout_s=0.1) as client:
        with pytest.raises(GraphUnreachable):
            await client.media_lookup("97")


async def test_a_window_that_is_closed_is_told_at_once_or_later() -> None:
    async with WhatsAppSimulator(phone_number_id=NUMBER_ID, behaviour=Behaviour(window_error="response")) as simulator:
        simulator.phones.add("Asha Example", number="15550100123")
        async with client_of(simulator.graph_url) as client:
            refused = await client.send(NUMBER_ID, hello())
    assert isinstance(refused, Refused)
    assert refused.error.code == 131047
