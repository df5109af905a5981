"""How webhooks come: verified, signed over their exact bytes, again until they are taken, and as broken as one asks for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from wipsie.testing import FakeClock, eventually
from wipsie.testing.simulators.whatsapp import Behaviour, WhatsAppSimulator
from wipsie.testing.simulators.whatsapp.escaped_json import escaped_ascii, signature_of

if TYPE_CHECKING:
    from conftest import Graph, Receiver

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (
            rb'{"object":"whatsapp_business_account","entry":[]}',
            "b5572c344492ec329ff5d436fb185953b65437de55be7157e49295d14bb33b88",
        ),
        (
            rb'{"object": "whatsapp_business_account", "entry": []}',
            "fb3c8ccd566b36b4aff9a828f0c32e6589bd9c9024af6da47532c68d44fa65b4",
        ),
        (
            rb'{"object":"whatsapp_business_account","note":"Caf\u00e9 \ud83d\ude00 a\u0040b.example https:\/\/x.example"}',
            "0173689cdbbdcaf53ccc31a0024f45e8e2cad1237dee59ab45b32e4de546a6d0",
        ),
        (
            '{"object":"whatsapp_business_account","note":"Café 😀 a@b.example https://x.example"}'.encode(),
            "c7f43f24438c8e8aff55aa37eee9c30276b9ba9f45ae3cef1f2bdec84b449003",
        ),
    ],
    ids=["compact", "spaced", "escaped", "plain"],
)
def test_signatures_are_those_of_the_published_vectors(body: bytes, digest: str) -> None:
    assert signature_of(body, "wipsie-demo-app-secret") == f"sha256={digest}"


def test_bodies_are_ascii_with_slashes_and_at_signs_escaped() -> None:
    note = "Café 😀 a@b.example https://x.example"
    body = escaped_ascii({"object": "whatsapp_business_account", "note": note})
    assert body == (
        rb'{"object":"whatsapp_business_account","note":"Caf\u00e9 \ud83d\ude00 a\u0040b.example https:\/\/x.example"}'
    )


async def test_a_callback_is_verified_before_anything_comes(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    await simulator.phone().send_text("LIST")
    await receiver.message("text")
    assert len(receiver.verifications) == 1
    assert receiver.verifications[0]["hub.verify_token"] == "simulator-verify-token"


@pytest.mark.parametrize("fails", ["token", "challenge"])
async def test_nothing_comes_to_a_callback_that_fails_its_verification(
    simulator: WhatsAppSimulator, receiver: Receiver, fails: str
) -> None:
    if fails == "token":
        receiver.verify_token = "another"
    else:
        receiver.challenge_answer = '"1158200417"'
    await simulator.phone().send_text("LIST")
    await simulator.settled()
    assert receiver.received == receiver.refused == []
    assert "Not verified" in simulator.log.attempts[-1].reason
    receiver.verify_token, receiver.challenge_answer = "simulator-verify-token", None
    await simulator.advance(60)
    await receiver.message("text")


async def test_saving_a_callback_says_whether_it_was_verified(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    receiver.verify_token = "next"
    refused = await simulator.subscribe(receiver.url)
    assert "403" in refused.reason
    taken = await simulator.subscribe(receiver.url, verify_token="next")
    assert (taken.status_code, taken.reason) == (200, "")


async def test_a_callback_elsewhere_is_refused(simulator: WhatsAppSimulator) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        await simulator.subscribe("https://hook.example.com/whatsapp")


async def test_the_headers_are_those_of_meta(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    await simulator.phone().send_text("naïve/@")
    await simulator.settled()
    [came] = receiver.received
    assert came.headers["content-type"] == "application/json"
    assert came.headers["user-agent"] == "facebookexternalua"
    assert came.headers["x-hub-signature-256"].startswith("sha256=")
    assert b"na\\u00efve\\/\\u0040" in came.body


async def test_a_secret_that_was_changed_signs_the_next_body(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    simulator.account.app_secret = receiver.app_secret = "the next secret"
    await simulator.phone().send_text("LIST")
    await receiver.message("text")


async def test_anything_but_200_is_tried_again_at_once_and_then_ever_more_rarely(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    receiver.answers.extend([500, 503, 202, 404])
    await simulator.phone().send_text("LIST")
    await simulator.advance(HOUR_S)
    assert [attempt.outcome for attempt in simulator.log.attempts] == ["refused"] * 4 + ["acknowledged"]
    assert len({one.body for one in [*receiver.refused, *receiver.received]}) == 1
    gaps = [one.next_at_ms - one.at_ms for one in simulator.log.attempts if one.next_at_ms is not None]
    assert gaps == sorted(gaps)
    assert gaps[0] == 0
    assert simulator.waiting_webhooks == 0


async def test_a_webhook_is_tried_for_seven_days_and_then_dropped(
    simulator: WhatsAppSimulator, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.answers.extend([503] * 1000)
    await simulator.phone().send_text("LIST")
    await simulator.advance(6.5 * DAY_S)
    assert simulator.waiting_webhooks == 1
    await simulator.advance(DAY_S)
    assert simulator.waiting_webhooks == 0
    last = simulator.log.attempts[-1]
    assert last.next_at_ms is None
    first_ms = simulator.log.attempts[0].at_ms
    assert 6 * DAY_S < (last.at_ms - first_ms) / 1000 <= 7 * DAY_S
    tried = len(simulator.log.attempts)
    await simulator.advance(8 * DAY_S)
    assert len(simulator.log.attempts) == tried
    assert len(receiver.received) == 0


async def test_a_receiver_that_is_away_gets_everything_once_it_is_back(clock: FakeClock, receiver: Receiver) -> None:
    async with WhatsAppSimulator(callback_url="http://127.0.0.1:9/hook", clock=clock) as simulator:
        phone = simulator.phone()
        for number in range(5):
            await phone.send_text(f"message {number}")
        await simulator.advance(10)
        assert {attempt.outcome for attempt in simulator.log.attempts} == {"failed"}
        simulator.account.callback_url = receiver.url
        await simulator.advance(HOUR_S)
        assert sorted(one["text"]["body"] for one in receiver.messages) == [f"message {number}" for number in range(5)]


@pytest.mark.parametrize("behaviour", [Behaviour(webhook_timeout_s=0.05)], ids=["50 ms"])
async def test_a_receiver_that_does_not_answer_in_time_is_tried_again(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    receiver.gate = asyncio.Event()
    await simulator.phone().send_text("LIST")
    await eventually(lambda: simulator.log.attempts, message="the attempt does not end")
    assert "in time" in simulator.log.attempts[0].reason
    receiver.gate.set()
    await simulator.advance(60)
    assert simulator.log.attempts[-1].outcome == "acknowledged"


async def test_a_duplicate_has_the_same_bytes_and_the_same_signature(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    simulator.faults.duplicate(copies=2, after_s=30)
    await simulator.phone().send_text("LIST")
    await simulator.settled()
    assert len(receiver.received) == 1
    await simulator.advance(30)
    assert len({(one.body, one.headers["x-hub-signature-256"]) for one in receiver.received}) == 1
    assert len(receiver.received) == 3


async def test_duplicates_may_arrive_together(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    await simulator.subscribe()
    receiver.gate = asyncio.Event()
    simulator.faults.duplicate(copies=2, together=True)
    await simulator.phone().send_text("LIST")
    await eventually(lambda: receiver.at_once == 3, message="the copies do not come at the same time")
    receiver.gate.set()
    await simulator.settled()
    assert len({one.body for one in receiver.received}) == 1


async def test_of_several_duplicates_one_may_arrive_together_and_the_others_later(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    simulator.faults.duplicate(copies=3, together=True, after_s=30)
    await simulator.phone().send_text("Hello")
    await simulator.settled()
    assert len(receiver.received) == 2
    await simulator.advance(30)
    assert len({one.body for one in receiver.received}) == 1
    assert len(receiver.received) == 4


async def test_messages_of_one_user_keep_their_order_unless_asked_otherwise(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    phone = simulator.phone()
    for number in range(20):
        await phone.send_text(str(number))
    await simulator.settled()
    assert [one["text"]["body"] for one in receiver.messages] == [str(number) for number in range(20)]


async def test_reordered_updates_leave_one_by_one_in_another_order(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    simulator.faults.reorder(5)
    phone = simulator.phone()
    for number in range(5):
        await phone.send_text(str(number))
    await simulator.settled()
    order = [one["text"]["body"] for one in receiver.messages]
    assert order != sorted(order)
    assert sorted(order) == ["0", "1", "2", "3", "4"]
    assert len(receiver.received) == 5


async def test_reordering_does_not_wait_for_ever_for_its_last_update(
    simulator: WhatsAppSimulator, receiver: Receiver
) -> None:
    simulator.faults.reorder(5, within_s=10)
    await simulator.phone().send_text("alone")
    await simulator.advance(9)
    assert not receiver.messages
    await simulator.advance(1)
    assert len(receiver.messages) == 1


async def test_latency_lets_a_later_message_overtake(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    simulator.faults.latency(5)
    phone = simulator.phone()
    await phone.send_text("first")
    await phone.send_text("second")
    await simulator.advance(5)
    assert [one["text"]["body"] for one in receiver.messages] == ["second", "first"]


async def test_a_batch_mixes_messages_and_statuses_over_entries_and_changes(
    simulator: WhatsAppSimulator, receiver: Receiver, graph: Graph
) -> None:
    phones = [simulator.phone(f"Person {number}") for number in range(4)]
    for phone in phones:
        await phone.send_text("hello")
    await simulator.settled()
    receiver.received.clear()
    simulator.faults.batch(40)
    for phone in phones:
        await graph.sent(f"+{phone.number}")
        for number in range(8):
            await phone.send_text(f"{phone.name} {number}")
    await simulator.settled()
    [came] = receiver.received
    assert len(came.json["entry"]) > 1
    assert max(len(entry["changes"]) for entry in came.json["entry"]) > 1
    assert any("messages" in value and "statuses" in value for value in came.values)
    assert any(len(value.get("contacts", [])) > 1 for value in came.values)
    assert (len(receiver.messages), len(receiver.statuses)) == (32, 8)


async def test_a_body_holds_at_most_a_thousand_updates(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    simulator.faults.batch(1000, times=2)
    phone = simulator.phone()
    for number in range(1001):
        await phone.send_text(str(number))
    await simulator.advance(1)
    counts = [sum(len(value["messages"]) for value in one.values) for one in receiver.received]
    assert counts == [1000, 1]


async def test_a_body_is_at_most_three_megabytes(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    simulator.faults.batch(60)
    phone = simulator.phone()
    for _ in range(60):
        await phone.send_text("x" * 65_000)
    await simulator.settled()
    assert len(receiver.received) == 2
    assert max(len(one.body) for one in receiver.received) <= 3 * 1024 * 1024
    assert len(receiver.messages) == 60


@pytest.mark.parametrize("signature", ["wrong", "missing", "short", "other_bytes"])
async def test_an_attempt_with_a_bad_signature_is_followed_by_a_right_one(
    simulator: WhatsAppSimulator, receiver: Receiver, signature: str
) -> None:
    simulator.faults.bad_signature(signature)  # pyright: ignore[reportArgumentType]
    await simulator.phone().send_text("LIST")
    await simulator.advance(1)
    [refused] = receiver.refused
    header = refused.headers.get("x-hub-signature-256")
    expected = {"missing": header is None, "short": header is not None and len(header) == len("sha256=") + 56}
    assert expected.get(signature, header is not None and len(header) == len("sha256=") + 64)
    assert len(receiver.messages) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_connection_may_be_reset_and_the_webhook_comes_again(
    simulator: WhatsAppSimulator, receiver: Receiver, moment: str
) -> None:
    await simulator.subscribe()
    simulator.faults.reset_webhook(moment)  # pyright: ignore[reportArgumentType]
    await simulator.phone().send_text("LIST")
    await simulator.advance(1)
    first, second = simulator.log.attempts
    assert (first.outcome, second.outcome) == ("failed", "acknowledged")
    assert f"reset {moment}" in first.reason


async def test_trouble_of_the_account_comes_without_a_message(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    simulator.report_error(131031, "The account was locked.")
    await simulator.settled()
    [value] = receiver.values
    assert value["errors"][0]["code"] == 131031
    assert not value.keys() & {"messages", "statuses", "contacts"}


async def test_the_log_holds_the_bytes_as_they_went(simulator: WhatsAppSimulator, receiver: Receiver) -> None:
    await simulator.phone().send_text("LIST")
    await simulator.settled()
    [attempt] = simulator.log.attempts
    assert attempt.body == receiver.received[0].body
    assert attempt.signature == receiver.received[0].headers["x-hub-signature-256"]
    assert attempt.summary == "text"
