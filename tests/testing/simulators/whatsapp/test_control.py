"""The control interface and the page: for people and other processes of this machine, and nobody else."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from wipsie.testing import eventually
from wipsie.testing.simulators.whatsapp import Bounds, WhatsAppSimulator

if TYPE_CHECKING:
    from conftest import Graph, Receiver

PDF = b"%PDF-1.7\n%%EOF"


class Control:
    def __init__(self, simulator: WhatsAppSimulator, session: aiohttp.ClientSession) -> None:
        self._url = f"{simulator.url}/_simulator"
        self._session = session

    async def __call__(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, Any]:
        given = (
            {"data": body}
            if isinstance(body, aiohttp.FormData | io.BytesIO)
            else {"json": body}
            if body is not None
            else {}
        )
        async with self._session.request(method, self._url + path, **given, **how) as response:
            content = await response.read()
            return response.status, json.loads(content) if response.content_type == "application/json" else content


@pytest.fixture
def control(simulator: WhatsAppSimulator, session: aiohttp.ClientSession) -> Control:
    return Control(simulator, session)


async def test_a_phone_is_added_writes_and_shows_its_chat(control: Control, receiver: Receiver, graph: Graph) -> None:
    status_code, phone = await control("POST", "/phones", {"name": "Mira Example", "number": "15550100123"})
    assert (status_code, phone["number_is_known"]) == (200, True)
    _, sent = await control("POST", f"/phones/{phone['key']}/text", {"text": "LIST"})
    await receiver.message("text")
    await graph.sent()
    _, shown = await control("GET", f"/phones/{phone['key']}")
    mine, theirs = shown["chat"]
    assert (mine["id"], mine["ticks"], mine["text"]) == (sent["message_ids"][0], "delivered", "LIST")
    assert (theirs["text"], shown["unread"]) == ("Hello", 1)
    assert shown["window_left_ms"] == 24 * 3600 * 1000
    await control("POST", f"/phones/{phone['key']}", {"chat_is_open": True})
    await receiver.status("read")


async def test_files_come_as_forms_and_several_pictures_are_a_burst(
    simulator: WhatsAppSimulator, control: Control, receiver: Receiver
) -> None:
    simulator.phone()
    form = aiohttp.FormData({"kind": "image", "caption": "my report"})
    for number in range(3):
        form.add_field("file", b"\xff\xd8\xff" + bytes((number,)), filename=f"{number}.jpg", content_type="image/jpeg")
    _, sent = await control("POST", "/phones/p1/files", form)
    await simulator.advance(1)
    assert [one["id"] for one in receiver.messages] == sent["message_ids"]
    assert [one["image"].get("caption") for one in receiver.messages] == ["my report", None, None]
    form = aiohttp.FormData({"kind": "document"}, quote_fields=False)
    form.add_field("file", PDF, filename="Übersicht.pdf", content_type="application/pdf")
    await control("POST", "/phones/p1/files", form)
    node = await receiver.message("document")
    assert node["document"]["filename"] == "Übersicht.pdf"
    voice = aiohttp.FormData({"kind": "voice"})
    voice.add_field("file", b"OggS", filename="note.ogg", content_type="audio/ogg")
    await control("POST", "/phones/p1/files", voice)
    assert (await receiver.message("audio"))["audio"]["voice"] is True


async def test_what_cannot_be_done_is_told_in_a_sentence(simulator: WhatsAppSimulator, control: Control) -> None:
    simulator.phone()
    refused: tuple[tuple[str, Any, int, str], ...] = (
        ("/phones/p1/fly", {}, 400, "cannot 'fly'"),
        ("/phones/p1/text", {"words": "a"}, 400, "words"),
        ("/phones/p1/text", [], 400, "JSON object"),
        ("/phones/p1/tap", {"choice": "Save"}, 400, "no 'Save' to tap"),
        ("/phones/p9/text", {"text": "a"}, 404, "no such phone"),
        ("/phones", {"number": "15550100123"}, 400, "taken"),
        ("/clock/advance", {"seconds": -1}, 400, "seconds is a number"),
        ("/faults", {"kind": "error"}, 400, "needs a code"),
        ("/subscribe", {"callback_url": "https://example.com"}, 400, "not on this machine"),
        ("/phones/p1/text", io.BytesIO(b" " * Bounds().json_bytes + b"{}"), 413, "may have"),
    )
    for path, body, status_code, words in refused:
        found, answer = await control("POST", path, body)
        assert (found, words in answer["error"]) == (status_code, True), answer
    await control("POST", "/phones/p1", {"is_on": False})
    status_code, answer = await control("POST", "/phones/p1/text", {"text": "a"})
    assert (status_code, "is off" in answer["error"]) == (400, True)


async def test_the_clock_is_moved_and_what_is_due_is_done(
    simulator: WhatsAppSimulator, control: Control, receiver: Receiver
) -> None:
    receiver.answers.extend([500, 500])
    await simulator.phone().send_text("hello")
    _, moved = await control("POST", "/clock/advance", {"seconds": 60})
    assert moved["now_ms"] == 1_795_300_060_000
    assert len(receiver.messages) == 1


async def test_faults_are_listed_added_and_taken_back(simulator: WhatsAppSimulator, control: Control) -> None:
    _, listed = await control("GET", "/faults")
    assert {kind["kind"] for kind in listed["kinds"]} >= {"duplicate", "error", "endless"}
    assert {"code": 131056, "title": "(Business Account, Consumer Account) pair rate limit hit"} in listed["codes"]
    _, fault = await control("POST", "/faults", {"kind": "error", "code": 131056, "times": None})
    assert [one.id for one in simulator.faults.waiting] == [fault["id"]]
    assert (await control("DELETE", f"/faults/{fault['id']}"))[0] == 200
    assert (await control("DELETE", f"/faults/{fault['id']}"))[0] == 404


async def test_the_log_shows_calls_attempts_and_bodies(
    simulator: WhatsAppSimulator, control: Control, receiver: Receiver, graph: Graph
) -> None:
    await simulator.phone(number="15550100123").send_text("hello")
    await simulator.settled()
    await graph.sent()
    await simulator.settled()
    _, log = await control("GET", "/log")
    assert [call["route"] for call in log["calls"]] == ["messages"]
    assert [attempt["summary"] for attempt in log["attempts"]] == ["text", "status sent", "status delivered"]
    _, body = await control("GET", f"/log/{log['attempts'][0]['number']}/body")
    assert body == receiver.received[0].json
    await control("DELETE", "/log")
    assert (await control("GET", "/log"))[1] == {"calls": [], "attempts": []}


async def test_secrets_are_taken_and_never_given(
    simulator: WhatsAppSimulator, control: Control, receiver: Receiver
) -> None:
    secrets = {"app_secret": "new app secret", "verify_token": "new verify token", "access_token": "new access token"}
    await control("POST", "/account", secrets)
    receiver.app_secret, receiver.verify_token = secrets["app_secret"], secrets["verify_token"]
    _, answer = await control("POST", "/subscribe", {"callback_url": receiver.url})
    assert answer["is_verified"]
    await simulator.phone().send_text("hello")
    await receiver.message("text")
    seen = [
        await control("GET", path) for path in ("/state", "/log", "/phones/p1", "/faults", "/templates", "/fidelity")
    ]
    assert not any(secret in json.dumps(seen) for secret in secrets.values())


async def test_open_pages_hear_what_changed(simulator: WhatsAppSimulator, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{simulator.url}/_simulator/events") as events:
        assert await events.content.readline() == b"data: everything\n"
        phone = simulator.phone()
        await phone.send_text("hello")
        heard: set[str] = set()

        async def told() -> bool:
            line = (await events.content.readline()).decode().strip()
            heard.update(line.removeprefix("data: ").split(",") if line else [])
            return {"phones", f"chat:{phone.key}", "log"} <= heard

        await eventually(told, message=f"not everything is told: {heard}")


@pytest.mark.parametrize("host", ["simulator.example.com", "127.0.0.1.example.com:80", "[::1", ""])
async def test_other_names_of_this_machine_are_refused(
    simulator: WhatsAppSimulator, session: aiohttp.ClientSession, host: str
) -> None:
    async with session.get(f"{simulator.url}/_simulator/state", headers={"Host": host}) as response:
        assert response.status in (400, 403)


@pytest.mark.parametrize("origin", ["https://example.com", "null", "http://127.0.0.1:1", "http://[::1"])
async def test_pages_of_other_origins_change_nothing(
    simulator: WhatsAppSimulator, control: Control, origin: str
) -> None:
    status_code, _ = await control("POST", "/phones", {}, headers={"Origin": origin})
    assert (status_code, len(simulator.phones)) == (403, 0)
    status_code, _ = await control("POST", "/phones", {}, headers={"Origin": simulator.url})
    assert (status_code, len(simulator.phones)) == (200, 1)


async def test_the_page_allows_nothing_from_elsewhere(
    simulator: WhatsAppSimulator, session: aiohttp.ClientSession
) -> None:
    for path in ("/", "/_simulator/page/simulator.js", "/_simulator/page/simulator.css"):
        async with session.get(simulator.url + path) as response:
            assert response.status == 200
            text = await response.text()
            policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "https://" not in text
        assert "innerHTML" not in text


async def test_files_of_a_chat_cannot_become_pages(
    simulator: WhatsAppSimulator, session: aiohttp.ClientSession
) -> None:
    bubble = await simulator.phone().send_document(b"<script>1</script>", filename="a.html", mime_type="text/html")
    async with session.get(f"{simulator.url}/_simulator/phones/p1/files/{bubble.id}") as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in response.headers["content-security-policy"]
