"""Messages that somebody else received from Amazon SQS, taken as if they had been received here."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import NotSupported, QueueNotFound
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.backends.sqs.envelope import Envelope, write_envelope
from wipsie.queue.contract import Attribute, DeadLetterCause, Delivery, Priority, VisibilityChange
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.queue.pushed import PushedMessage

if TYPE_CHECKING:
    from conftest import Bench, ForeignClient


async def pushed(foreign: ForeignClient, queue: QueueName) -> PushedMessage:
    """The one message of a queue, received by another program."""
    answer = await foreign.call(
        "receive_message",
        QueueUrl=await foreign.url(queue),
        MessageAttributeNames=["All"],
        AttributeNames=["All"],
    )
    (message,) = answer["Messages"]
    return PushedMessage(
        transport_id=message["MessageId"],
        handle=message["ReceiptHandle"],
        body=message["Body"],
        system=message["Attributes"],
        attributes={name: attribute(one) for name, one in message.get("MessageAttributes", {}).items()},
    )


def attribute(one: dict[str, Any]) -> Attribute:
    if "BinaryValue" in one:
        return Attribute(base64.b64encode(one["BinaryValue"]).decode(), one["DataType"])
    return Attribute(one["StringValue"], one["DataType"])


async def take(sqs: Bench, foreign: ForeignClient) -> Delivery:
    delivery = await sqs.backend.take_pushed(sqs.queue, await pushed(foreign, sqs.queue))
    assert delivery is not None
    return delivery


async def test_what_was_sent_here_arrives_whole(sqs: Bench, foreign: ForeignClient) -> None:
    attributes = {"colour": Attribute("blue"), "raw": Attribute("AAEC", "Binary")}
    message = sqs.message("body \0x".replace("\0", "\x01"), attributes=attributes, priority=Priority.HIGH)
    await sqs.backend.send([message])
    delivery = await take(sqs, foreign)
    assert (delivery.message_id, delivery.body) == (message.message_id, message.body)
    assert (delivery.attributes, delivery.priority, delivery.receive_count) == (attributes, Priority.HIGH, 1)
    assert await sqs.backend.delete([(sqs.queue, delivery.receipt)]) == [None]
    assert (await sqs.backend.counts(sqs.queue)).total == 0


async def test_it_can_be_hidden_and_dead_lettered_like_one_received_here(sqs: Bench, foreign: ForeignClient) -> None:
    await foreign.send(sqs.queue, "foreign")
    delivery = await take(sqs, foreign)
    change = VisibilityChange(sqs.queue, delivery.receipt, 0.0, release=True)
    assert await sqs.backend.change_visibility([change]) == [None]
    again = await take(sqs, foreign)
    assert (again.receive_count, again.message_id) == (2, delivery.message_id)
    assert await sqs.bury(again, DeadLetterCause(code="REJECTED", reason="no such column")) is None
    dead = await sqs.take(sqs.dead)
    assert dead.dead_letter is not None
    assert (dead.body, dead.dead_letter.cause.reason) == ("foreign", "no such column")


async def test_one_whose_delay_goes_on_is_sent_on_and_not_handed_out(sqs: Bench, foreign: ForeignClient) -> None:
    clock = SystemClock()
    not_before_ms = clock.now_ms() + 3_600_000
    envelope = Envelope(
        message_id=sqs.message().message_id, queue=sqs.queue, sequence_number=1, not_before_ms=not_before_ms
    )
    ours = {"wipsie": {"DataType": "String", "StringValue": write_envelope(envelope)}}
    await foreign.send(sqs.queue, "later", MessageAttributes=ours)
    assert await sqs.backend.take_pushed(sqs.queue, await pushed(foreign, sqs.queue)) is None
    counts = await sqs.backend.counts(sqs.queue)
    assert (counts.ready, counts.delayed, counts.leased) == (0, 1, 0)


async def test_a_queue_that_is_not_there_is_told(sqs: Bench) -> None:
    message = PushedMessage(transport_id="m", handle="h", body="b")
    with pytest.raises(QueueNotFound):
        await sqs.backend.take_pushed(QueueName("nowhere"), message)


async def test_a_store_that_is_not_amazons_says_that_it_cannot(tmp_path: Path) -> None:
    clock = SystemClock()
    engine = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=QueueNames())
    with pytest.raises(NotSupported, match="set QUEUE_URL to sqs://"):
        await engine.take_pushed(QueueName("wipsie-default"), PushedMessage(transport_id="m", handle="h", body="b"))
