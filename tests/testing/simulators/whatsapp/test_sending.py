"""What may be sent, and with which code everything else is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.testing import FakeClock, eventually
from wipsie.testing.simulators.http_source import HttpSource
from wipsie.testing.simulators.whatsapp import Behaviour, Template, WhatsAppSimulator
from wipsie.testing.simulators.whatsapp.graph.error_codes import ERROR_CODES

if TYPE_CHECKING:
    from conftest import Graph, Receiver
    from wipsie.testing.simulators.whatsapp import Phone

NUMBER = "15550100123"
DAY_S = 24 * 3600


@pytest.fixture
async def phone(simulator: WhatsAppSimulator) -> Phone:
    phone = simulator.phone("Asha Example", number=NUMBER)
    await phone.send_text("hello")
    await simulator.settled()
    return phone


def button(number: int, **reply: Any) -> dict[str, Any]:
    return {"type": "reply", "reply": {"id": f"b{number}", "title": f"Button {number}", **reply}}


def buttons(*given: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "button", "body": {"text": "Choose"}, "action": {"buttons": list(given)}, **more}


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"id": f"r{number}", "title": f"Row {number}"} for number in range(start, start + count)]


def sheet(*sections: dict[str, Any], label: str = "Choose", **more: Any) -> dict[str, Any]:
    action = {"button": label, "sections": list(sections)}
    return {"type": "list", "body": {"text": "Choose"}, "action": action, **more}


async def test_an_accepted_message_is_answered_with_its_id_and_shown(graph: Graph, phone: Phone) -> None:
    status_code, answer, headers = await graph.send(text={"body": "Saved."}, recipient_type="individual")
    assert status_code == 200
    assert answer["contacts"] == [{"input": "+15550100123", "wa_id": NUMBER}]
    shown = await phone.expect("Saved.")
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": answer["contacts"],
        "messages": [{"id": shown.id}],
    }
    assert headers["facebook-api-version"] == "v26.0"


async def test_every_kind_of_message_reaches_the_phone(graph: Graph, phone: Phone) -> None:
    _, pdf, _ = await graph.upload(b"%PDF-1.7\n%%EOF", "application/pdf", "report.pdf")
    _, jpeg, _ = await graph.upload(b"\xff\xd8\xff\xe0 picture", "image/jpeg")
    messages: dict[str, Any] = {
        "document": {"id": pdf["id"], "filename": "report-12.pdf", "caption": "Report 12"},
        "image": {"id": jpeg["id"], "caption": "Report 13"},
        "location": {"latitude": 18.52, "longitude": 73.85, "name": "Clinic"},
        "contacts": [{"name": {"formatted_name": "Dr Sample"}, "phones": [{"phone": "+15550100199"}]}],
    }
    for kind, content in messages.items():
        await graph.sent(type=kind, **{kind: content})
        await phone.wait_for(lambda bubble, kind=kind: bubble.kind == kind)
    document, image, place, card = phone.received
    assert document.file is not None
    assert image.file is not None
    assert (document.text, document.file.filename, document.file.size_bytes) == ("Report 12", "report-12.pdf", 14)
    assert (image.text, image.file.mime_type) == ("Report 13", "image/jpeg")
    assert (place.latitude, place.text) == (18.52, "Clinic")
    assert card.text == "Dr Sample"
    mine = phone.chat.mine[0]
    await graph.sent(type="reaction", reaction={"message_id": mine.id, "emoji": "👍"})
    assert mine.their_reaction == "👍"
    await graph.sent(context={"message_id": mine.id})
    assert (await phone.expect("Hello")).quoted_id == mine.id


async def test_the_card_of_the_vault_fits(graph: Graph, phone: Phone) -> None:
    card = buttons(
        button(1, title="Save"),
        button(2, title="Change"),
        button(3, title="Cancel"),
        header={"type": "text", "text": "Check the details"},
        footer={"text": "Reply CANCEL to stop"},
    )
    await graph.sent(type="interactive", interactive=card)
    shown = await phone.expect("Check the details", kind="button")
    assert (shown.footer, [choice.title for choice in shown.choices]) == (
        "Reply CANCEL to stop",
        ["Save", "Change", "Cancel"],
    )


@pytest.mark.parametrize(
    "interactive",
    [
        pytest.param(buttons(*(button(n) for n in range(3)), body={"text": "x" * 1024}), id="a body of 1024"),
        pytest.param(buttons(button(1, title="x" * 20, id="i" * 256)), id="longest button"),
        pytest.param(buttons(button(1), header={"type": "text", "text": "h" * 60}, footer={"text": "f" * 60}), id="header, footer"),
        pytest.param(sheet({"rows": rows(10)}, body={"text": "x" * 4096}), id="ten rows, long body"),
        pytest.param(sheet({"title": "s" * 24, "rows": rows(5)}, {"title": "B", "rows": rows(5, 5)}), id="two sections"),
        pytest.param(sheet({"rows": [{"id": "i" * 200, "title": "t" * 24, "description": "d" * 72}]}, label="l" * 20), id="longest row"),
        pytest.param({"type": "cta_url", "body": {"text": "Open"}, "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://example.com"}}}, id="link"),
        pytest.param({"type": "location_request_message", "body": {"text": "Where?"}, "action": {"name": "send_location"}}, id="place wanted"),
    ],
)  # fmt: skip
async def test_everything_within_the_limits_is_taken(graph: Graph, phone: Phone, interactive: dict[str, Any]) -> None:
    await graph.sent(type="interactive", interactive=interactive)
    await phone.wait_for(lambda bubble: bubble.kind == interactive["type"])


@pytest.mark.parametrize(
    ("interactive", "code"),
    [
        pytest.param(buttons(), 131009, id="no button"),
        pytest.param(buttons(*(button(n) for n in range(4))), 131009, id="four buttons"),
        pytest.param(buttons(button(1, title="x" * 21)), 131009, id="title of 21"),
        pytest.param(buttons(button(1, id="i" * 257)), 131009, id="id of 257"),
        pytest.param(buttons(button(1, id=" a")), 131009, id="id with a space"),
        pytest.param(buttons(button(1, title="A"), button(2, title="A")), 131009, id="same titles"),
        pytest.param(buttons(button(1, id="a"), button(2, id="a")), 131009, id="same ids"),
        pytest.param(buttons(button(1), body={"text": "x" * 1025}), 131009, id="body of 1025"),
        pytest.param(buttons(button(1), footer={"text": "x" * 61}), 131009, id="footer of 61"),
        pytest.param(buttons(button(1), header={"type": "text", "text": "x" * 61}), 131009, id="header of 61"),
        pytest.param({"type": "button", "action": {"buttons": [button(1)]}}, 131008, id="no body"),
        pytest.param(sheet({"rows": rows(11)}), 131009, id="eleven rows"),
        pytest.param(sheet({"title": "A", "rows": rows(6)}, {"title": "B", "rows": rows(5, 6)}), 131009, id="eleven rows in two sections"),
        pytest.param(sheet({"rows": rows(1)}, {"rows": rows(1, 1)}), 131008, id="sections without titles"),
        pytest.param(sheet({"rows": rows(1)}, body={"text": "x" * 4097}), 131009, id="list body of 4097"),
        pytest.param(sheet({"rows": rows(1)}, label="x" * 21), 131009, id="label of 21"),
        pytest.param(sheet({"rows": [{"id": "a", "title": "x" * 25}]}), 131009, id="row title of 25"),
        pytest.param(sheet({"rows": [{"id": "a", "title": "A", "description": "x" * 73}]}), 131009, id="description of 73"),
        pytest.param(sheet({"rows": [{"id": "i" * 201, "title": "A"}]}), 131009, id="row id of 201"),
        pytest.param(sheet({"rows": rows(1)}, header={"type": "image", "image": {"link": "https://example.com/a.png"}}), 131009, id="picture above a list"),
        pytest.param({"type": "carousel", "body": {"text": "x"}, "action": {}}, 131009, id="a kind that is not simulated"),
    ],
)  # fmt: skip
async def test_everything_beyond_them_is_refused(
    graph: Graph, phone: Phone, interactive: dict[str, Any], code: int
) -> None:
    assert await graph.refused(type="interactive", interactive=interactive) == code
    assert phone.received == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param({"text": {"body": "x" * 4097}}, 100, id="text of 4097"),
        pytest.param({"text": {"body": ""}}, 131009, id="empty text"),
        pytest.param({"type": "text"}, 131008, id="no text"),
        pytest.param({"type": "poll", "poll": {}}, 131051, id="unknown type"),
        pytest.param({"type": "image", "image": {}}, 131008, id="neither id nor link"),
        pytest.param({"type": "image", "image": {"id": "1", "link": "https://example.com/a.jpg"}}, 131009, id="both"),
        pytest.param({"type": "image", "image": {"id": "970000000000999"}}, 100, id="unknown media"),
        pytest.param({"type": "document", "document": {"link": "https://example.com/a.pdf", "caption": "x" * 1025}}, 131009, id="caption of 1025"),
        pytest.param({"type": "audio", "audio": {"link": "https://example.com/a.mp3", "caption": "x"}}, 131009, id="caption of a sound"),
        pytest.param({"type": "location", "location": {"latitude": 91, "longitude": 0}}, 131009, id="no such place"),
        pytest.param({"text": {"body": "a"}, "biz_opaque_callback_data": "x" * 513}, 131009, id="callback data of 513"),
        pytest.param({"text": {"body": "a"}, "recipient_type": "group"}, 131009, id="a group"),
        pytest.param({"text": {"body": "a"}, "messaging_product": "signal"}, 131009, id="another product"),
    ],
)  # fmt: skip
async def test_other_messages_are_refused_with_their_codes(
    graph: Graph, phone: Phone, message: dict[str, Any], code: int
) -> None:
    assert await graph.refused(**message) == code


@pytest.mark.parametrize(
    ("to", "more", "code"),
    [
        ("+15550177000", {}, 131021),
        ("IN.48120077315502", {}, 100),
        (None, {}, 131008),
        (None, {"recipient": "no user id"}, 100),
    ],
    ids=["itself", "a user id as number", "nobody", "no user id"],
)
async def test_wrong_recipients_are_refused(
    graph: Graph, phone: Phone, to: str | None, more: dict[str, Any], code: int
) -> None:
    assert await graph.refused(to, text={"body": "a"}, **more) == code


async def test_a_number_wins_over_a_user_id(graph: Graph, phone: Phone) -> None:
    _, answer, _ = await graph.send(recipient="IN.11111111111111")
    assert answer["contacts"][0]["wa_id"] == NUMBER


@pytest.mark.parametrize("behaviour", [Behaviour(allowed_recipients=(NUMBER,))], ids=["test number"])
async def test_a_test_number_writes_to_its_list_only(graph: Graph, phone: Phone) -> None:
    await graph.sent()
    assert await graph.refused("+15550100555") == 131030


@pytest.mark.parametrize("behaviour", [Behaviour(window_error="response")], ids=["at once"])
async def test_after_24_hours_only_templates_go(simulator: WhatsAppSimulator, graph: Graph, phone: Phone) -> None:
    await simulator.advance(DAY_S - 1)
    await graph.sent()
    await simulator.advance(1)
    assert await graph.refused() == 131047
    template = {"name": "hello_world", "language": {"code": "en_US"}}
    _, answer, _ = await graph.send(type="template", template=template)
    assert answer["messages"][0]["message_status"] == "accepted"
    await phone.send_text("again")
    await graph.sent()


async def test_a_closed_window_may_be_told_as_a_failure(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    await simulator.advance(DAY_S)
    await graph.sent()
    status = await receiver.status("failed")
    assert status["errors"][0]["code"] == 131047
    assert "24 hours" in status["errors"][0]["error_data"]["details"]


async def test_templates_are_filled_and_their_buttons_answer(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    simulator.templates.add(
        Template(name="upload_reminder", body="Hello {{1}}, a report waits.", quick_replies=("Resume", "Discard"))
    )
    simulator.templates.add(Template(name="named", body="Hello {{who}}."))
    components = [
        {"type": "body", "parameters": [{"type": "text", "text": "Asha"}]},
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": "RESUME"}],
        },
    ]
    template = {"name": "upload_reminder", "language": {"code": "en_US"}, "components": components}
    message_id = await graph.sent(type="template", template=template)
    await phone.expect("Hello Asha, a report waits.")
    await phone.tap("Resume")
    node = await receiver.message("button")
    assert (node["button"], node["context"]["id"]) == ({"payload": "RESUME", "text": "Resume"}, message_id)
    parameters = [{"type": "text", "parameter_name": "who", "text": "you"}]
    named = {"name": "named", "language": {"code": "en_US"}, "components": [{"type": "body", "parameters": parameters}]}
    await graph.sent(type="template", template=named)
    await phone.wait_for(lambda bubble: bubble.text == "Hello you.")
    sent = [one["pricing"] for one in receiver.statuses if one["status"] == "sent"]
    assert {(price["category"], price["billable"]) for price in sent} == {("utility", True)}


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ({"name": "unknown", "language": {"code": "en_US"}}, 132001),
        ({"name": "reminder", "language": {"code": "de"}}, 132001),
        ({"name": "reminder", "language": {"code": "en_US"}}, 132000),
        ({"name": "reminder", "language": {"code": "en_US"}, "components": [{"type": "body", "parameters": [{"type": "text", "text": "a", "parameter_name": "who"}]}]}, 132012),
        ({"name": "paused", "language": {"code": "en_US"}}, 132015),
        ({"name": "disabled", "language": {"code": "en_US"}}, 132016),
    ],
    ids=["unknown", "language", "too few", "wrong name", "paused", "disabled"],
)  # fmt: skip
async def test_templates_are_refused_with_their_codes(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone, template: dict[str, Any], code: int
) -> None:
    simulator.templates.add(Template(name="reminder", body="Hello {{1}}."))
    simulator.templates.add(Template(name="paused", status="paused"))
    simulator.templates.add(Template(name="disabled", status="disabled"))
    assert await graph.refused(type="template", template=template) == code


async def test_a_code_for_signing_in_goes_to_numbers_only(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone
) -> None:
    simulator.templates.add(Template(name="code", body="1234", category="authentication"))
    template = {"name": "code", "language": {"code": "en_US"}}
    assert await graph.refused(None, recipient=phone.user_id, type="template", template=template) == 131062


async def test_a_linked_file_is_fetched_once_in_ten_minutes(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    async with HttpSource() as source:
        source.serve("/report.pdf", b"%PDF-1.7\n%%EOF", content_type="application/pdf")
        document = {"link": source.url("/report.pdf"), "filename": "report.pdf"}
        await graph.sent(type="document", document=document)
        await graph.sent(type="document", document=document)
        assert len(source.requests) == 1
        await simulator.advance(601)
        await graph.sent(type="document", document=document)
        assert len(source.requests) == 2
        await graph.sent(type="document", document={"link": source.url("/missing.pdf")})
    failed = await receiver.status("failed")
    assert failed["errors"][0]["code"] == 131053
    assert phone.received[0].file is not None
    assert phone.received[0].file.size_bytes == 14


@pytest.mark.parametrize("behaviour", [Behaviour(throughput_per_s=5)], ids=["5 a second"])
async def test_throughput_counts_messages_both_ways(simulator: WhatsAppSimulator, graph: Graph, phone: Phone) -> None:
    for _ in range(4):
        await graph.sent()
    status_code, answer, headers = await graph.send()
    assert (status_code, answer["error"]["code"], headers["retry-after"]) == (429, 130429, "1")
    assert '"call_count":100' in headers["x-business-use-case-usage"]
    await simulator.advance(1)
    await graph.sent()


@pytest.mark.parametrize("behaviour", [Behaviour(throughput_per_s=None)], ids=["no throughput"])
async def test_one_user_gets_a_burst_of_45_and_then_one_every_six_seconds(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone
) -> None:
    other = simulator.phone("Ravi Example", number="15550100124")
    await other.send_text("hello")
    for _ in range(45):
        await graph.sent()
    assert await graph.refused() == 131056
    await graph.sent("+15550100124")
    await simulator.advance(5.9)
    assert await graph.refused() == 131056
    await simulator.advance(0.1)
    await graph.sent()
    assert await graph.refused() == 131056


@pytest.mark.parametrize("code", sorted(ERROR_CODES))
async def test_every_code_comes_on_demand(simulator: WhatsAppSimulator, graph: Graph, phone: Phone, code: int) -> None:
    simulator.faults.error(code, route="messages", details="as asked")
    status_code, answer, headers = await graph.send()
    assert status_code == ERROR_CODES[code].status_code
    assert answer["error"]["code"] == code
    assert answer["error"]["message"].startswith(f"(#{code}) ")
    assert answer["error"]["error_data"] == {"messaging_product": "whatsapp", "details": "as asked"}
    assert answer["error"]["fbtrace_id"]
    assert ("retry-after" in headers) == (ERROR_CODES[code].retry_after_s is not None)
    await graph.sent()


async def test_an_error_may_have_its_own_status_subcode_and_waiting_time(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone
) -> None:
    simulator.faults.error(80007, status_code=400, retry_after_s=240, subcode=77)
    status_code, answer, headers = await graph.send()
    assert (status_code, answer["error"]["error_subcode"], headers["retry-after"]) == (400, 77, "240")
    assert '"estimated_time_to_regain_access":4' in headers["x-business-use-case-usage"]


async def test_a_fault_may_concern_one_user_pass_over_some_and_stay(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone
) -> None:
    fault = simulator.faults.error(131056, to=f"+{NUMBER}", times=None)
    fault.skip = 1
    await graph.sent("+15550100555")
    await graph.sent()
    assert [await graph.refused(), await graph.refused()] == [131056, 131056]
    assert simulator.faults.remove(fault.id)
    await graph.sent()


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic simulator-access-token"])
async def test_without_the_right_token_nothing_is_done(graph: Graph, phone: Phone, token: str) -> None:
    graph.headers = {"Authorization": token}
    status_code, answer, _ = await graph.send()
    assert (status_code, answer["error"]["code"]) == (401, 190)
    assert phone.received == []


async def test_a_token_ends_and_another_begins(simulator: WhatsAppSimulator, graph: Graph, phone: Phone) -> None:
    simulator.expire_token()
    status_code, answer, _ = await graph.send()
    assert (status_code, answer["error"]["code"], answer["error"]["error_subcode"]) == (401, 190, 463)
    simulator.renew_token("next token")
    assert await graph.refused() == 190
    graph.headers = {"Authorization": "Bearer next token"}
    await graph.sent()


async def test_another_number_an_unknown_path_and_no_version_are_refused(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone
) -> None:
    body = {"messaging_product": "whatsapp", "to": f"+{NUMBER}", "text": {"body": "a"}}
    for path in ("420000000000099/messages", "420000000000088/flows"):
        status_code, answer, _ = await graph.call("POST", path, json=body)
        assert (status_code, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)
    status_code, answer, _ = await graph.call("POST", f"{simulator.url}/now/420000000000088/messages", json=body)
    assert (status_code, answer["error"]["code"]) == (400, 2500)
    status_code, answer, _ = await graph.call("POST", "420000000000088/messages", data=b"{no json")
    assert (status_code, answer["error"]["code"]) == (400, 100)


async def test_the_number_tells_who_it_is(graph: Graph) -> None:
    _, answer, _ = await graph.call("GET", "420000000000088")
    assert (answer["id"], answer["display_phone_number"]) == ("420000000000088", "+15550177000")


async def test_the_network_may_break_before_or_after_the_work(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone
) -> None:
    simulator.faults.reset(route="messages")
    with pytest.raises(OSError):  # noqa: PT011 - whatever a reset connection looks like
        await graph.send()
    assert phone.received == []
    simulator.faults.lost_answer()
    with pytest.raises(OSError):  # noqa: PT011 - as above
        await graph.send()
    await phone.expect("Hello")
    assert [call.status_code for call in simulator.log.sends] == [0, 0]


async def test_something_before_the_api_may_answer(simulator: WhatsAppSimulator, graph: Graph, phone: Phone) -> None:
    simulator.faults.http_error(502)
    status_code, answer, _ = await graph.send()
    assert status_code == 502
    assert answer.startswith(b"<html>")
    assert phone.received == []


async def test_an_answer_takes_as_long_as_the_clock_says(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone, clock: FakeClock
) -> None:
    simulator.faults.slow(30, route="messages")
    sleeping = clock.sleepers
    call = asyncio.create_task(graph.sent())
    await eventually(lambda: clock.sleepers > sleeping, message="the call does not wait")
    await simulator.advance(29)
    assert not call.done()
    await simulator.advance(1)
    await call
    await phone.expect("Hello")
