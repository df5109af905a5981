"""What phones send: the nodes of every kind, who the sender is, and what tests can wait for."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.testing import FakeClock
from wipsie.testing.simulators.whatsapp import Bounds, WhatsAppSimulator

if TYPE_CHECKING:
    from conftest import Graph, Receiver

PDF = b"%PDF-1.7\n%%EOF"
JPEG = b"\xff\xd8\xff\xe0 not really"


async def test_a_text_comes_in_the_full_envelope(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phone("Asha Example", number="15550100123")
    bubble = await phone.send_text("LIST")
    await receiver.message("text")
    assert receiver.received[0].json == {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "310000000000077",
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {"display_phone_number": "15550177000", "phone_number_id": "420000000000088"},
                            "contacts": [
                                {
                                    "profile": {"name": "Asha Example"},
                                    "wa_id": "15550100123",
                                    "user_id": phone.user_id,
                                }
                            ],
                            "messages": [
                                {
                                    "from": "15550100123",
                                    "from_user_id": phone.user_id,
                                    "id": bubble.id,
                                    "timestamp": "1795300000",
                                    "type": "text",
                                    "text": {"body": "LIST"},
                                }
                            ],
                        },
                    }
                ],
            }
        ],
    }
    assert bubble.id.startswith("wamid.")
    assert base64.b64decode(bubble.id.removeprefix("wamid."))
    assert phone.user_id.startswith("IN.")


async def test_a_document_carries_name_caption_type_hash_id_and_address(
    simulator: WhatsAppSimulator, receiver: Receiver, tmp_path: Path
) -> None:
    phone = simulator.phone()
    await phone.send_document(PDF, filename="../CBC.pdf", caption="Blood test")
    node = (await receiver.message("document"))["document"]
    assert node["filename"] == "../CBC.pdf"
    assert node["caption"] == "Blood test"
    assert node["mime_type"] == "application/pdf"
    assert base64.b64decode(node["sha256"]) == hashlib.sha256(PDF).digest()
    assert node["id"].isdecimal()
    assert f"mid={node['id']}" in node["url"]
    (tmp_path / "from disk.pdf").write_bytes(PDF)
    bubble = await phone.send_document(tmp_path / "from disk.pdf")
    assert bubble.file is not None
    assert bubble.file.filename == "from disk.pdf"


async def test_a_document_need_not_have_a_name(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    await simulator.phone().send_document(PDF)
    assert "filename" not in (await receiver.message("document"))["document"]


async def test_other_files_say_what_they_are(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phone()
    await phone.send_image(JPEG, caption="page 1")
    await phone.send_voice(b"OggS")
    await phone.send_audio(b"ID3")
    await phone.send_video(b"\0\0\0\0ftyp", caption="moving")
    await phone.send_sticker(b"RIFF", animated=True)
    await simulator.settled()
    image, voice, audio, video, sticker = receiver.messages
    assert (image["image"]["caption"], image["image"]["mime_type"]) == ("page 1", "image/jpeg")
    assert "filename" not in image["image"]
    assert (voice["audio"]["voice"], voice["audio"]["mime_type"]) == (True, "audio/ogg; codecs=opus")
    assert audio["audio"]["voice"] is False
    assert video["video"]["caption"] == "moving"
    assert sticker["sticker"]["animated"] is True


async def test_photos_chosen_together_come_singly_with_one_caption(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    phone = simulator.phone()
    ids = await phone.send_images([JPEG + bytes((n,)) for n in range(4)], caption="my report", gap_s=0.4)
    await simulator.settled()
    assert len(receiver.messages) == 1
    await simulator.advance(1.2)
    assert [one["id"] for one in receiver.messages] == ids
    assert len(receiver.received) == 4
    assert ["caption" in one["image"] for one in receiver.messages] == [True, False, False, False]
    assert len({one["image"]["sha256"] for one in receiver.messages}) == 4


async def test_places_cards_and_orders(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phone()
    await phone.send_location(18.52, 73.85, name="Clinic", address="14 Canal Road")
    await phone.send_contact("Dr Sample", "+1 555-010-0199")
    await phone.send_order("catalogue", [("item", 2, 4.5)], text="please")
    place, card, order = (
        await receiver.message("location"),
        await receiver.message("contacts"),
        await receiver.message("order"),
    )
    assert place["location"] == {"latitude": 18.52, "longitude": 73.85, "name": "Clinic", "address": "14 Canal Road"}
    assert card["contacts"][0]["name"] == {"formatted_name": "Dr Sample", "first_name": "Dr"}
    assert card["contacts"][0]["phones"] == [{"phone": "+1 555-010-0199", "wa_id": "15550100199", "type": "CELL"}]
    assert order["order"]["product_items"][0]["quantity"] == 2


async def test_a_reaction_is_taken_back_by_one_without_an_emoji(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phone = simulator.phone(number="15550100123")
    await phone.send_text("hello")
    message_id = await graph.sent()
    bubble = await phone.expect("Hello")
    await phone.react(bubble, "👍")
    await phone.react(bubble, None)
    await simulator.settled()
    put, taken = [one["reaction"] for one in receiver.messages if one["type"] == "reaction"]
    assert put == {"message_id": message_id, "emoji": "👍"}
    assert taken == {"message_id": message_id}


async def test_quoted_and_forwarded_texts_say_so(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phone = simulator.phone(number="15550100123")
    await phone.send_text("hello")
    message_id = await graph.sent()
    await phone.send_text("that one", quoting=message_id)
    await phone.send_text("news", forwarded=True, frequently_forwarded=True)
    await simulator.settled()
    contexts = [one.get("context") for one in receiver.messages]
    assert contexts == [
        None,
        {"from": "15550177000", "id": message_id},
        {"forwarded": True, "frequently_forwarded": True},
    ]


async def test_what_the_api_has_no_form_for_comes_as_an_error(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phone()
    await phone.send_unsupported("poll_creation")
    await phone.send_unsupported(None)
    await phone.send_oversize()
    await simulator.settled()
    known, unknown, oversize = receiver.messages
    assert (known["unsupported"], known["errors"][0]["code"]) == ({"type": "poll_creation"}, 131051)
    assert "unsupported" not in unknown
    assert oversize["errors"][0]["code"] == 131052


async def test_edits_and_revocations_name_the_message(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phone()
    bubble = await phone.send_text("LIsT")
    await phone.edit(bubble, "LIST")
    await phone.revoke(bubble)
    edit, revoke = await receiver.message("edit"), await receiver.message("revoke")
    assert edit["edit"]["original_message_id"] == revoke["revoke"]["original_message_id"] == bubble.id
    assert edit["edit"]["message"]["text"]["body"] == "LIST"
    assert (bubble.edited, bubble.revoked) == (True, True)


async def test_a_username_hides_the_number_until_it_is_shared(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phone("Lia Test", username="lia.test")
    await phone.send_text("hello")
    await simulator.settled()
    [value] = receiver.values
    assert value["contacts"] == [{"profile": {"name": "Lia Test", "username": "lia.test"}, "user_id": phone.user_id}]
    assert "from" not in value["messages"][0]
    assert value["messages"][0]["from_user_id"] == phone.user_id


async def test_a_number_is_known_for_thirty_days_after_it_was_written_to(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phone = simulator.phone("Lia Test", username="lia.test")
    await phone.send_text("first")
    await simulator.settled()
    await graph.sent(f"+{phone.number}")
    await phone.send_text("second")
    await simulator.advance(31 * 24 * 3600)
    await phone.send_text("third")
    await simulator.settled()
    assert ["from" in one for one in receiver.messages] == [False, True, False]


async def test_a_contact_book_makes_a_number_known(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phones.add("Lia Test", username="lia.test", in_contact_book=True)
    await phone.send_text("hello")
    assert (await receiver.message("text"))["from"] == phone.number


async def test_a_number_that_is_asked_for_is_shared_by_a_tap(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phone = simulator.phone("Lia Test", username="lia.test")
    await phone.send_text("hello")
    await simulator.settled()
    request: dict[str, Any] = {
        "type": "request_contact_info",
        "body": {"text": "Your number, please"},
        "action": {"name": "request_contact_info"},
    }
    await graph.sent(None, recipient=phone.user_id, type="interactive", interactive=request)
    await phone.expect("Your number")
    await phone.tap("Share phone number")
    shared = await receiver.message("contacts")
    assert (shared["origin"], shared["from"]) == ("contact_request", phone.number)
    assert shared["contacts"][0]["phones"][0]["wa_id"] == phone.number


async def test_a_new_number_brings_a_new_user_id_and_both_are_told(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    phone = simulator.phone(number="15550100123")
    before = phone.user_id
    await phone.change_number("15550100777")
    node = await receiver.message("system")
    assert node["from"] == "15550100123"
    assert node["system"] == {
        "body": "User changed from 15550100123 to 15550100777",
        "type": "user_changed_number",
        "wa_id": "15550100777",
        "user_id": phone.user_id,
        "previous_user_id": before,
    }
    assert phone.user_id != before
    assert "contacts" not in receiver.values[0]
    await phone.send_text("from the new one")
    assert (await receiver.message("text"))["from"] == "15550100777"


async def test_changes_of_a_hidden_number_and_of_the_user_id_alone_tell_only_the_user_id(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    hidden = simulator.phone("Lia Test", username="lia.test")
    shown = simulator.phone("Ravi Example")
    before = [hidden.user_id, shown.user_id]
    await hidden.change_number("15550100777")
    await shown.change_user_id()
    await simulator.settled()
    told = receiver.messages
    assert [one["system"]["type"] for one in told] == ["user_changed_user_id"] * 2
    assert {one["system"]["previous_user_id"] for one in told} == set(before)
    assert all("from" not in one and "wa_id" not in one["system"] for one in told)


async def test_older_news_of_a_number_and_new_keys(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    phone = simulator.phone(number="15550100123")
    await phone.change_number("15550100777", older_form=True)
    await phone.reinstall()
    await simulator.settled()
    moved, keys = receiver.messages
    assert moved["system"]["type"] == "customer_changed_number"
    assert moved["system"]["new_wa_id"] == "15550100777"
    assert (keys["system"]["type"], "hash" in keys["identity"]) == ("customer_identity_changed", True)


async def test_a_tap_refers_to_the_message_it_was_made_on_however_old(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phone = simulator.phone(number="15550100123")
    await phone.send_text("hello")

    def card(number: int) -> dict[str, Any]:
        buttons = [
            {"type": "reply", "reply": {"id": f"s:{number}:{word.lower()}", "title": word}}
            for word in ("Save", "Change")
        ]
        return {"type": "button", "body": {"text": f"card {number}"}, "action": {"buttons": buttons}}

    old = await graph.sent(type="interactive", interactive=card(1))
    new = await graph.sent(type="interactive", interactive=card(2))
    await phone.expect("card 2")
    await phone.tap("Save")
    await phone.tap("Change", on=old)
    await phone.tap("s:1:save")
    await simulator.settled()
    taps = [(one["context"]["id"], one["interactive"]["button_reply"]) for one in receiver.messages[1:]]
    assert taps == [
        (new, {"id": "s:2:save", "title": "Save"}),
        (old, {"id": "s:1:change", "title": "Change"}),
        (old, {"id": "s:1:save", "title": "Save"}),
    ]
    with pytest.raises(ValueError, match="Save, Change"):
        await phone.tap("Cancel")


async def test_a_row_of_a_list_and_a_quick_reply_have_their_own_forms(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phone = simulator.phone(number="15550100123")
    await phone.send_text("hello")
    rows = [{"id": "s:7f3a:type:blood", "title": "Blood test", "description": "CBC, sugar, lipids"}]
    sheet = {
        "type": "list",
        "body": {"text": "What kind of report is it?"},
        "action": {"button": "Choose", "sections": [{"title": "Common", "rows": rows}]},
    }
    message_id = await graph.sent(type="interactive", interactive=sheet)
    shown = await phone.expect("What kind", kind="list")
    assert (shown.list_button, shown.choices[0].section) == ("Choose", "Common")
    await phone.tap("Blood test")
    node = await receiver.message("interactive")
    assert node["interactive"] == {"type": "list_reply", "list_reply": rows[0]}
    assert node["context"] == {"from": "15550177000", "id": message_id}


async def test_the_second_tick_comes_with_the_acknowledgement_and_turns_blue_when_read(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phone = simulator.phone(number="15550100123")
    receiver.answers.append(500)
    first = await phone.send_text("first")
    second = await phone.send_text("second")
    assert (first.ticks, second.ticks) == ("sent", "sent")
    await simulator.advance(5)
    assert (first.ticks, second.ticks) == ("delivered", "delivered")
    status_code, answer, _ = await graph.send(
        None, status="read", message_id=second.id, typing_indicator={"type": "text"}
    )
    assert (status_code, answer) == (200, {"success": True})
    assert (first.ticks, second.ticks) == ("read", "read")
    assert phone.is_typing
    await simulator.advance(25)
    assert not phone.is_typing


async def test_typing_ends_with_the_next_message(simulator: WhatsAppSimulator, graph: Graph) -> None:
    phone = simulator.phone(number="15550100123")
    bubble = await phone.send_text("first")
    await graph.send(None, status="read", message_id=bubble.id, typing_indicator={"type": "text"})
    await graph.sent()
    await phone.expect("Hello")
    assert not phone.is_typing


async def test_waiting_finds_what_fits_and_says_what_there_was_otherwise(
    simulator: WhatsAppSimulator, graph: Graph
) -> None:
    phone = simulator.phone(number="15550100123")
    await phone.send_text("hello")
    waiting = asyncio.create_task(phone.wait_for(lambda bubble: bubble.text.endswith("12."), timeout_s=5))
    await graph.sent(text={"body": "Saved as report 11."})
    await graph.sent(text={"body": "Saved as report 12."})
    assert (await waiting).text == "Saved as report 12."
    with pytest.raises(AssertionError, match=r"text: Saved as report 11\."):
        await phone.wait_for(lambda bubble: bubble.kind == "list", timeout_s=0.01)


async def test_an_old_answer_is_not_taken_for_a_new_one(simulator: WhatsAppSimulator, graph: Graph) -> None:
    phone = simulator.phone(number="15550100123")
    first = await phone.send_text("one")
    await graph.sent(text={"body": "Done."})
    await phone.expect("Done")
    await phone.send_text("two")
    with pytest.raises(AssertionError, match="no message with 'Done'"):
        await phone.expect("Done", timeout_s=0.01)
    assert (await phone.expect("Done", after=first)).text == "Done."


async def test_phones_are_told_apart_and_bounded(receiver: Receiver, clock: FakeClock) -> None:
    bounds = Bounds(phones=2, bubbles=3)
    async with WhatsAppSimulator(callback_url=receiver.url, clock=clock, bounds=bounds) as simulator:
        asha, ravi = simulator.phone("Asha Example"), simulator.phone("Ravi Example")
        assert asha.number != ravi.number
        assert asha.user_id != ravi.user_id
        with pytest.raises(ValueError, match="2 phones"):
            simulator.phone("Lia Test")
        for number in range(5):
            await asha.send_text(str(number))
        assert [bubble.text for bubble in asha.chat.bubbles] == ["2", "3", "4"]


@pytest.mark.parametrize("number", ["15550177000", "15550100123", "12", "not a number"])
async def test_a_number_is_free_and_looks_like_one(simulator: WhatsAppSimulator, number: str) -> None:
    simulator.phone(number="+1 555-010-0123")
    with pytest.raises(ValueError, match=r"taken|digits"):
        simulator.phone("Another", number=number)


async def test_the_same_seed_makes_the_same_identifiers(clock: FakeClock) -> None:
    async def ids(seed: int) -> list[str]:
        async with WhatsAppSimulator(clock=clock, seed=seed) as simulator:
            phone = simulator.phone()
            bubble = await phone.send_document(PDF)
            assert bubble.file is not None
            return [phone.user_id, bubble.id, bubble.file.media_id or ""]

    assert await ids(7) == await ids(7)
    assert await ids(7) != await ids(8)
