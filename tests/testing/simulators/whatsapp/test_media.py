"""Files: looked up, fetched with the token while their address lasts, uploaded within the limits, and broken on demand."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from wipsie.testing import FakeClock, eventually
from wipsie.testing.simulators.whatsapp import Behaviour, Bounds, WhatsAppSimulator

if TYPE_CHECKING:
    from conftest import Graph, Receiver

PDF = b"%PDF-1.7\n" + b"x" * 200_000 + b"%%EOF"
DAY_S = 24 * 3600
DIGEST = hashlib.sha256(PDF).digest()
_NO_SUCH = (400, 100, 33)


@pytest.fixture
async def node(simulator: WhatsAppSimulator, receiver: Receiver) -> dict[str, Any]:
    """Of a document that somebody sent."""
    await simulator.phone(number="15550100123").send_document(PDF, filename="report.pdf")
    return (await receiver.message("document"))["document"]


async def _refusal(graph: Graph, method: str, path: str) -> tuple[int, int, int | None]:
    status_code, answer, _ = await graph.call(method, path)
    return status_code, answer["error"]["code"], answer["error"].get("error_subcode")


async def test_a_file_is_looked_up_and_fetched_with_the_token(graph: Graph, node: dict[str, Any]) -> None:
    _, found, _ = await graph.call("GET", node["id"], params={"phone_number_id": "420000000000088"})
    assert found | {"url": ""} == {
        "messaging_product": "whatsapp",
        "url": "",
        "mime_type": "application/pdf",
        "sha256": DIGEST.hex(),
        "file_size": str(len(PDF)),
        "id": node["id"],
    }
    for address in (found["url"], node["url"]):
        status_code, content, headers = await graph.call("GET", address)
        assert (status_code, content) == (200, PDF)
        assert headers["content-type"] == "application/pdf"


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(lookup_sha256="base64", file_size="number", media_url_in_webhook=False)],
    ids=["the other forms"],
)
async def test_hashes_sizes_and_addresses_have_other_forms_too(graph: Graph, node: dict[str, Any]) -> None:
    assert "url" not in node
    _, found, _ = await graph.call("GET", node["id"])
    assert (base64.b64decode(found["sha256"]), found["file_size"]) == (DIGEST, len(PDF))


async def test_the_bytes_need_the_token_and_a_user_agent(graph: Graph, node: dict[str, Any]) -> None:
    status_code, _, _ = await graph.call("GET", node["url"], headers={"User-Agent": ""})
    assert status_code == 403
    graph.headers = {}
    status_code, _, _ = await graph.call("GET", node["url"])
    assert status_code == 401


async def test_an_address_lasts_five_minutes_and_the_id_gives_a_new_one(
    simulator: WhatsAppSimulator, graph: Graph, node: dict[str, Any]
) -> None:
    await simulator.advance(299)
    assert (await graph.call("GET", node["url"]))[0] == 200
    await simulator.advance(1)
    assert (await graph.call("GET", node["url"]))[0] == 404
    _, found, _ = await graph.call("GET", node["id"])
    assert (await graph.call("GET", found["url"]))[0] == 200
    assert (await graph.call("GET", found["url"].replace("hash=", "hash=A")))[0] == 404


async def test_what_users_send_lasts_seven_days_and_uploads_thirty(
    simulator: WhatsAppSimulator, graph: Graph, node: dict[str, Any]
) -> None:
    _, uploaded, _ = await graph.upload(PDF, "application/pdf")
    await simulator.advance(7 * DAY_S - 1)
    assert (await graph.call("GET", node["id"]))[0] == 200
    await simulator.advance(1)
    assert await _refusal(graph, "GET", node["id"]) == _NO_SUCH
    await simulator.advance(23 * DAY_S - 1)
    assert (await graph.call("GET", uploaded["id"]))[0] == 200
    await simulator.advance(1)
    assert await _refusal(graph, "GET", uploaded["id"]) == _NO_SUCH


async def test_a_deleted_file_is_gone_but_the_chat_shows_it(
    simulator: WhatsAppSimulator, graph: Graph, node: dict[str, Any]
) -> None:
    assert (await graph.call("DELETE", node["id"]))[1] == {"success": True}
    assert await _refusal(graph, "GET", node["id"]) == _NO_SUCH
    assert await _refusal(graph, "DELETE", node["id"]) == _NO_SUCH
    assert (await graph.call("GET", node["url"]))[0] == 404
    shown = simulator.phones["p1"].chat.mine[0]
    async with aiohttp.ClientSession() as session:
        path = f"/_simulator/phones/p1/files/{shown.id}"
        async with session.get(simulator.url + path) as response:
            assert await response.read() == PDF


async def test_unknown_and_foreign_ids_are_refused_alike(graph: Graph, node: dict[str, Any]) -> None:
    assert await _refusal(graph, "GET", "970000000000999") == _NO_SUCH
    assert await _refusal(graph, "GET", f"{node['id']}?phone_number_id=420000000000099") == _NO_SUCH


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x06", "image/png"),
        (b"plain words", "text/plain"),
        (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"OggS", "audio/ogg"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
async def test_files_of_these_types_may_be_uploaded(graph: Graph, content: bytes, mime_type: str) -> None:
    status_code, answer, _ = await graph.upload(content, mime_type)
    assert status_code == 200, answer
    assert answer["id"].isdecimal()


@pytest.mark.parametrize(
    ("head", "mime_type", "more_bytes"),
    [
        pytest.param(b"\xff\xd8\xff\xe0", "application/pdf", 0, id="a picture"),
        pytest.param(b"%PDF-1.7", "image/jpeg", 0, id="a pdf"),
        pytest.param(b"%PDF-1.7", "text/plain", 0, id="no text"),
        pytest.param(b"a\0b", "text/plain", 0, id="bytes"),
        pytest.param(b"", "text/plain", 0, id="nothing"),
        pytest.param(b"MZ", "application/x-msdownload", 0, id="a program"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x10\x06", "image/png", 0, id="16 bit"),
        pytest.param(b"\xff\xd8\xff", "image/jpeg", 5 * 1024 * 1024, id="a picture of 5 MB"),
        pytest.param(b"OggS", "audio/ogg", 16 * 1024 * 1024, id="a sound of 16 MB"),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8 ", "image/webp", 100 * 1024, id="a sticker of 100 KB"),
    ],
)
async def test_others_are_refused(graph: Graph, head: bytes, mime_type: str, more_bytes: int) -> None:
    status_code, answer, _ = await graph.upload(head + b"x" * more_bytes, mime_type)
    assert (status_code, answer["error"]["code"]) == (400, 131053)


async def test_an_upload_needs_its_fields(graph: Graph) -> None:
    path = "420000000000088/media"
    for fields, code in (({}, 131008), ({"messaging_product": "whatsapp"}, 131008)):
        form = aiohttp.FormData({"type": "text/plain", **fields}, default_to_multipart=True)
        status_code, answer, _ = await graph.call("POST", path, data=form)
        assert (status_code, answer["error"]["code"]) == (400, code)
    status_code, answer, _ = await graph.call("POST", path, data=b"no form")
    assert (status_code, answer["error"]["code"]) == (400, 100)


async def test_a_file_goes_as_what_it_is(graph: Graph, node: dict[str, Any]) -> None:
    _, pdf, _ = await graph.upload(PDF, "application/pdf")
    assert await graph.refused(type="image", image={"id": pdf["id"]}) == 131053
    _, jpeg, _ = await graph.upload(b"\xff\xd8\xff\xe0", "image/jpeg")
    await graph.sent(type="document", document={"id": jpeg["id"]})


async def test_a_file_above_the_limit_becomes_an_error(receiver: Receiver, clock: FakeClock) -> None:
    assert Bounds().file_bytes == 100 * 1024 * 1024
    # A hundred megabytes take long to write; that the limit holds is shown with less.
    bounds = Bounds(file_bytes=1000)
    async with WhatsAppSimulator(callback_url=receiver.url, clock=clock, bounds=bounds) as simulator:
        await simulator.phone().send_document(b"%PDF-" + b"x" * 995)
        await simulator.phone().send_document(b"%PDF-" + b"x" * 996, filename="scan.pdf")
        await receiver.message("document")
        node = await receiver.message("unsupported")
    assert node["errors"][0]["code"] == 131052
    assert "document" not in node


async def test_announced_hashes_and_sizes_may_be_wrong(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    simulator.faults.wrong_hash()
    simulator.faults.wrong_size()
    phone = simulator.phone()
    await phone.send_document(PDF)
    await phone.send_document(PDF)
    await simulator.settled()
    wrong, right = [one["document"] for one in receiver.messages]
    assert base64.b64decode(wrong["sha256"]) != DIGEST
    assert base64.b64decode(right["sha256"]) == DIGEST
    _, found, _ = await graph.call("GET", wrong["id"])
    assert int(found["file_size"]) == len(PDF) + 1


async def test_a_download_may_end_early(simulator: WhatsAppSimulator, graph: Graph, node: dict[str, Any]) -> None:
    simulator.faults.truncated()
    with pytest.raises(aiohttp.ClientError):
        await graph.call("GET", node["url"])
    assert (await graph.call("GET", node["url"]))[1] == PDF


async def test_a_download_may_bring_other_bytes(
    simulator: WhatsAppSimulator, graph: Graph, node: dict[str, Any]
) -> None:
    simulator.faults.corrupted()
    _, content, _ = await graph.call("GET", node["url"])
    assert len(content) == len(PDF)
    assert content != PDF


async def test_a_download_may_go_on_for_ever(
    simulator: WhatsAppSimulator, session: aiohttp.ClientSession, graph: Graph, node: dict[str, Any]
) -> None:
    simulator.faults.endless()
    async with session.get(node["url"], headers=graph.headers) as response:
        assert "content-length" not in response.headers
        content = await response.content.readexactly(len(PDF) + 1_000_000)
    assert content.startswith(PDF)


async def test_a_download_may_be_slow(
    simulator: WhatsAppSimulator, clock: FakeClock, graph: Graph, node: dict[str, Any]
) -> None:
    simulator.faults.slow(10, route="download")
    sleeping = clock.sleepers
    call = asyncio.create_task(graph.call("GET", node["url"]))
    # Four pieces of 64 KiB.
    for _ in range(4):
        await eventually(lambda: clock.sleepers > sleeping, message="the download does not wait")
        assert not call.done()
        await simulator.advance(10)
    _, content, _ = await call
    assert content == PDF


async def test_a_client_that_hangs_up_between_two_pieces_leaves_no_file_open(
    simulator: WhatsAppSimulator, clock: FakeClock, session: aiohttp.ClientSession, graph: Graph, node: dict[str, Any]
) -> None:
    simulator.faults.slow(10, route="download", times=None)
    path = _path_of_the_sent_file(simulator)
    sleeping = clock.sleepers
    async with session.get(node["url"], headers=graph.headers) as response:
        await eventually(lambda: clock.sleepers > sleeping, message="the download does not wait")
        assert not _is_open(path)
        response.close()
    await eventually(lambda: clock.sleepers == sleeping, message="the download goes on")
    assert not _is_open(path)


async def test_a_client_that_hangs_up_while_the_file_is_opened_leaves_no_file_open(
    simulator: WhatsAppSimulator, session: aiohttp.ClientSession, graph: Graph, node: dict[str, Any]
) -> None:
    path = _path_of_the_sent_file(simulator)
    # A pipe takes as long to open as nobody opens its other end.
    await asyncio.to_thread(path.unlink)
    await asyncio.to_thread(os.mkfifo, path)
    tasks = asyncio.all_tasks()
    try:
        async with session.get(node["url"], headers=graph.headers) as response:
            response.close()
        await eventually(lambda: asyncio.all_tasks() <= tasks, message="the download goes on")
    finally:
        os.close(await asyncio.to_thread(os.open, path, os.O_RDWR))
    await eventually(lambda: not _is_open(path), message="the file stays open")


def _path_of_the_sent_file(simulator: WhatsAppSimulator) -> Path:
    sent = simulator.phones["p1"].chat.mine[0].file
    assert sent is not None
    assert sent.stored is not None
    return sent.stored.path


def _is_open(path: Path) -> bool:
    """Whether this process holds it."""
    held: list[Path] = []
    for descriptor in Path("/proc/self/fd").iterdir():
        # The listing itself is open while it is read.
        with contextlib.suppress(FileNotFoundError):
            held.append(descriptor.readlink())
    return path in held


@pytest.mark.parametrize("code", [131052, 190, 131016])
async def test_lookups_and_downloads_fail_on_demand(
    simulator: WhatsAppSimulator, graph: Graph, node: dict[str, Any], code: int
) -> None:
    simulator.faults.error(code, route="lookup")
    simulator.faults.http_error(404, route="download")
    assert (await _refusal(graph, "GET", node["id"]))[1] == code
    assert (await graph.call("GET", node["url"]))[0] == 404
    assert (await graph.call("GET", node["url"]))[0] == 200


async def test_a_file_that_is_not_there_is_refused_and_leaves_nothing_behind(
    simulator: WhatsAppSimulator, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await simulator.phone().send_document(tmp_path / "report.pdf")


async def test_the_store_is_bounded(receiver: Receiver, clock: FakeClock) -> None:
    async with WhatsAppSimulator(callback_url=receiver.url, clock=clock, bounds=Bounds(media=2)) as simulator:
        phone = simulator.phone()
        await phone.send_document(PDF)
        await phone.send_document(PDF)
        with pytest.raises(RuntimeError, match="as many files"):
            await phone.send_document(PDF)
