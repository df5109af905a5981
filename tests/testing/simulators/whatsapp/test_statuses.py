"""What the business hears of what it sent: which statuses, when, with which ids, and what may be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wipsie.testing.simulators.whatsapp import Behaviour, WhatsAppSimulator

if TYPE_CHECKING:
    from conftest import Graph, Receiver
    from wipsie.testing.simulators.whatsapp import Phone

NUMBER = "15550100123"
DAY_S = 24 * 3600


@pytest.fixture
async def phone(simulator: WhatsAppSimulator, receiver: Receiver) -> Phone:
    """It wrote a moment ago, so the window is open."""
    phone = simulator.phone("Asha Example", number=NUMBER)
    await phone.send_text("hello")
    await simulator.settled()
    return phone


async def test_sent_delivered_and_read_carry_ids_names_and_price(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    message_id = await graph.sent(text={"body": "Saved."}, biz_opaque_callback_data="outbox:91")
    await simulator.advance(10)
    phone.open_chat()
    await simulator.settled()
    who = {"recipient_id": NUMBER, "recipient_user_id": phone.user_id, "biz_opaque_callback_data": "outbox:91"}
    assert receiver.statuses == [
        {
            "id": message_id,
            "status": "sent",
            "timestamp": "1795300000",
            **who,
            "pricing": {
                "billable": False,
                "pricing_model": "PMP",
                "type": "free_customer_service",
                "category": "service",
            },
        },
        {"id": message_id, "status": "delivered", "timestamp": "1795300000", **who},
        {"id": message_id, "status": "read", "timestamp": "1795300010", **who},
    ]
    contact = {"profile": {"name": "Asha Example"}, "wa_id": NUMBER, "user_id": phone.user_id}
    assert [value["contacts"] for value in receiver.values if "statuses" in value] == [[contact]] * 3


async def test_delivered_is_skipped_when_the_chat_is_open(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    phone.open_chat()
    await graph.sent()
    await simulator.settled()
    assert [one["status"] for one in receiver.statuses] == ["sent", "read"]


async def test_read_never_comes_without_read_receipts(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    private = simulator.phones.add(number=NUMBER, read_receipts=False)
    await private.send_text("hello")
    private.open_chat()
    await graph.sent()
    await simulator.settled()
    assert [one["status"] for one in receiver.statuses] == ["sent", "delivered"]


async def test_a_phone_that_is_off_gets_its_messages_when_it_is_on(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    phone.switch_off()
    await graph.sent()
    await simulator.advance(3600)
    assert [one["status"] for one in receiver.statuses] == ["sent"]
    assert phone.received == []
    phone.switch_on()
    await simulator.settled()
    assert [one["status"] for one in receiver.statuses] == ["sent", "delivered"]
    assert len(phone.received) == 1


async def test_a_phone_that_stays_off_for_thirty_days_never_gets_it_and_nobody_is_told(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    phone.switch_off()
    await graph.sent()
    await simulator.advance(31 * DAY_S)
    phone.switch_on()
    await simulator.settled()
    assert [one["status"] for one in receiver.statuses] == ["sent"]
    assert phone.received == []


async def test_a_voice_note_is_played_once(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    _, uploaded, _ = await graph.upload(b"OggS and so on", "audio/ogg")
    message_id = await graph.sent(type="audio", audio={"id": uploaded["id"], "voice": True})
    await phone.wait_for(lambda bubble: bubble.kind == "audio")
    phone.play(message_id)
    phone.play(message_id)
    await simulator.settled()
    assert [one["status"] for one in receiver.statuses] == ["sent", "delivered", "played"]


async def test_a_message_by_user_id_is_told_of_without_the_number(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    lia = simulator.phone("Lia Test", username="lia.test")
    await lia.send_text("hello")
    _, answer, _ = await graph.send(None, recipient=lia.user_id)
    await simulator.settled()
    assert answer["contacts"] == [{"input": lia.user_id, "user_id": lia.user_id}]
    assert all("recipient_id" not in one and one["recipient_user_id"] == lia.user_id for one in receiver.statuses)
    contacts = [value["contacts"][0] for value in receiver.values if "statuses" in value]
    assert [contact["profile"].get("username") for contact in contacts] == [None, "lia.test"]
    assert all("wa_id" not in contact for contact in contacts)


async def test_a_number_nobody_has_fails_after_it_was_accepted(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    message_id = await graph.sent("+15550100999", biz_opaque_callback_data="outbox:9")
    await simulator.settled()
    [value] = receiver.values
    assert "contacts" not in value
    [status] = value["statuses"]
    assert (status["id"], status["status"], status["recipient_id"]) == (message_id, "failed", "15550100999")
    assert (status["errors"][0]["code"], status["biz_opaque_callback_data"]) == (131026, "outbox:9")
    assert "recipient_user_id" not in status


@pytest.mark.parametrize("behaviour", [Behaviour(failed_contacts="number")], ids=["number"])
async def test_contacts_of_a_failure_may_hold_the_number_alone(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    await graph.sent("+15550100999")
    await simulator.settled()
    assert receiver.values[0]["contacts"] == [{"wa_id": "15550100999"}]


async def test_an_accepted_message_may_fail_later_with_any_code(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    simulator.faults.fail_later(131049, to=NUMBER)
    simulator.faults.fail_later(131000, to="15550100555")
    await graph.sent()
    await simulator.settled()
    [status] = receiver.statuses
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131049)
    assert phone.received == []


async def test_delivered_may_be_left_out_and_any_status_may_be_late(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    simulator.faults.skip_delivered()
    first = await graph.sent()
    simulator.faults.late_status("sent", 60)
    second = await graph.sent()
    await simulator.advance(5)
    phone.open_chat()
    await simulator.advance(60)
    told = [(one["id"], one["status"]) for one in receiver.statuses]
    assert [status for message_id, status in told if message_id == first] == ["sent", "read"]
    assert [status for message_id, status in told if message_id == second] == ["delivered", "read", "sent"]
    late = receiver.statuses[-1]
    assert late["timestamp"] == "1795300000"


async def test_a_status_may_come_before_the_answer_to_the_call(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    simulator.faults.lost_answer()
    with pytest.raises(OSError):  # noqa: PT011 - whatever a reset connection looks like
        await graph.send(biz_opaque_callback_data="outbox:7")
    await simulator.settled()
    assert [one["status"] for one in receiver.statuses] == ["sent", "delivered"]
    assert {one["biz_opaque_callback_data"] for one in receiver.statuses} == {"outbox:7"}
    assert len(phone.received) == 1


@pytest.mark.parametrize(
    "behaviour", [Behaviour(sent_after_s=2, delivered_after_s=3, free_service_messages=1)], ids=["slow"]
)
async def test_statuses_take_their_time_and_free_messages_end(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph, phone: Phone
) -> None:
    await graph.sent()
    assert receiver.statuses == []
    await simulator.advance(2)
    assert [one["status"] for one in receiver.statuses] == ["sent"]
    await simulator.advance(3)
    assert [one["status"] for one in receiver.statuses] == ["sent", "delivered"]
    await graph.sent()
    await simulator.advance(2)
    prices: list[dict[str, Any]] = [one["pricing"] for one in receiver.statuses if one["status"] == "sent"]
    assert [(price["billable"], price["type"]) for price in prices] == [
        (False, "free_customer_service"),
        (True, "regular"),
    ]


async def test_a_message_the_business_does_not_know_cannot_be_marked_read(graph: Graph, phone: Phone) -> None:
    assert await graph.refused(None, status="read", message_id="wamid.NOBODY") == 131009


async def test_only_messages_of_the_last_thirty_days_can_be_marked_read(
    simulator: WhatsAppSimulator, graph: Graph, phone: Phone
) -> None:
    await simulator.advance(31 * DAY_S)
    assert await graph.refused(None, status="read", message_id=phone.chat.mine[0].id) == 131009
