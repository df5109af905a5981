"""What only the Amazon SQS backend promises: full batches, foreign clients, long delays, large bodies, honest moves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import InvalidInput, MessageTooLarge, NotSupported, ReceiptExpired, StorageUnavailable
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.queue.contract import (
    Attribute,
    DeadLetterCause,
    DeadLetterOrder,
    Delivery,
    Priority,
    QueueSettings,
    RedriveFilter,
    SendResult,
    VisibilityChange,
)
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench, ForeignClient, ShelfOfBodies

    BenchOf = Callable[[SqsQueueBackend], Bench]

KOMBU = "eyJib2R5IjogIlcxdGRMQ0I3ZlN3Z2JuVnNiRjA9IiwgImNvbnRlbnQtdHlwZSI6ICJhcHBsaWNhdGlvbi9qc29uIn0="


# Batches


async def test_concurrent_calls_fill_requests_of_ten(sqs: Bench) -> None:
    connection = sqs.backend.connection
    before = connection.requests
    await asyncio.gather(*(sqs.send(str(index)) for index in range(50)))
    sends = connection.requests - before
    assert sends <= 8, f"50 concurrent sends took {sends} requests"
    deliveries: list[Delivery] = []
    while len(deliveries) < 50:
        deliveries += await sqs.backend.receive(sqs.queue, max_messages=50)
    before = connection.requests
    outcomes = await asyncio.gather(*(sqs.backend.delete([(sqs.queue, one.receipt)]) for one in deliveries))
    assert outcomes == [[None]] * 50
    deletes = connection.requests - before
    assert deletes <= 8, f"50 concurrent deletes took {deletes} requests"


async def test_a_batch_is_closed_before_it_is_too_large(sqs: Bench) -> None:
    outcomes = await sqs.backend.send([sqs.message("x" * 300_000) for _ in range(7)])
    assert all(isinstance(outcome, SendResult) for outcome in outcomes), outcomes


async def test_receivers_of_many_queues_wait_without_a_thread_each(sqs: Bench) -> None:
    names = [QueueName(f"{sqs.queue}-{index}") for index in range(12)]
    for name in names:
        await sqs.backend.create_queue(QueueSettings(name=name))
    threads = threading.active_count()
    receivers = [asyncio.create_task(sqs.backend.receive(name, wait_s=20.0)) for name in names]
    await asyncio.sleep(0.2)
    assert threading.active_count() == threads
    for name in names:
        message = sqs.message(f"for {name}")
        message.queue = name
        assert isinstance((await sqs.backend.send([message]))[0], SendResult)
    found = await asyncio.wait_for(asyncio.gather(*receivers), 20)
    assert [one.body for (one,) in found] == [f"for {name}" for name in names]


# Foreign clients


async def test_a_foreign_client_reads_our_message_as_it_was_sent(sqs: Bench, foreign: ForeignClient) -> None:
    attributes = {"tenant": Attribute(value="north"), "scan": Attribute(value="AAEC", data_type="Binary")}
    sent = await sqs.send('{"text": "grüße"}', attributes=attributes, priority=Priority.LOW)
    message = await foreign.receive(sqs.queue)
    assert message["Body"] == '{"text": "grüße"}'
    assert message["MessageAttributes"]["tenant"] == {"DataType": "String", "StringValue": "north"}
    assert message["MessageAttributes"]["scan"] == {"DataType": "Binary", "BinaryValue": b"\x00\x01\x02"}
    ours = json.decode(message["MessageAttributes"]["wipsie"]["StringValue"])
    assert (ours["message_id"], ours["priority"]) == (sent.message_id, 2)


async def test_characters_that_sqs_refuses_arrive_and_foreign_clients_see_base64(
    sqs: Bench, foreign: ForeignClient
) -> None:
    await sqs.send("bell \x07 and \ufffe")
    assert (await foreign.receive(sqs.queue))["Body"] == "YmVsbCAHIGFuZCDvv74="
    assert (await sqs.take()).body == "bell \x07 and \ufffe"


@pytest.mark.parametrize(
    "body", ["plain text", "[1, 2, 3]", '{"properties": null}', KOMBU], ids=["text", "list", "odd", "kombu"]
)
async def test_a_foreign_body_arrives_unchanged(sqs: Bench, foreign: ForeignClient, body: str) -> None:
    attribute = {"DataType": "Number", "StringValue": "7"}
    sqs_id = await foreign.send(sqs.queue, body, MessageAttributes={"size": attribute})
    delivery = await sqs.take()
    assert (delivery.body, delivery.message_id, delivery.priority) == (body, sqs_id, Priority.MEDIUM)
    assert delivery.attributes == {"size": Attribute(value="7", data_type="Number")}


@pytest.mark.slow
async def test_a_foreign_message_keeps_its_id_over_death_and_return(sqs: Bench, foreign: ForeignClient) -> None:
    attributes = {f"a{index}": {"DataType": "String", "StringValue": "v"} for index in range(10)}
    sqs_id = await foreign.send(sqs.queue, "raw", MessageAttributes=attributes)
    first = await sqs.take()
    assert await sqs.bury(first) is None
    dead = await sqs.take(sqs.dead, visibility_timeout_s=0.0)
    assert dead.message_id == sqs_id
    assert dead.dead_letter is not None
    assert (await sqs.backend.redrive(sqs.dead)).moved == 1
    again = await sqs.take()
    assert (again.message_id, again.body, again.attributes) == (sqs_id, "raw", first.attributes)
    assert (again.redrive_count, again.receive_count, len(again.attributes)) == (1, 1, 10)


async def test_somebody_elses_attribute_of_our_name_is_an_attribute(sqs: Bench, foreign: ForeignClient) -> None:
    attribute = {"DataType": "String", "StringValue": '{"message_id": 5}'}
    await foreign.send(sqs.queue, "raw", MessageAttributes={"wipsie": attribute})
    delivery = await sqs.take()
    assert delivery.attributes == {"wipsie": Attribute(value='{"message_id": 5}')}
    assert await sqs.bury(delivery) is None
    assert (await sqs.take(sqs.dead)).attributes == delivery.attributes


async def test_only_queues_of_the_prefix_are_listed(sqs: Bench, sqs_url: str) -> None:
    other = SqsQueueBackend(f"{sqs_url}&prefix={sqs.dead}", clock=SystemClock())
    await other.start()
    assert [settings.name for settings in await other.list_queues()] == [sqs.dead]
    await other.stop()


async def test_a_queue_that_somebody_made_is_taken_over_by_a_change(sqs: Bench, foreign: ForeignClient) -> None:
    name = QueueName(f"{sqs.queue}-terraform")
    await foreign.call(
        "create_queue", QueueName=name, Attributes={"VisibilityTimeout": "77"}, tags={"owner": "terraform"}
    )
    found = await sqs.backend.queue_settings(name)
    assert (found.visibility_timeout_s, found.retention_s, found.tags) == (77.0, 345_600, {"owner": "terraform"})
    wanted = QueueSettings(name=name, aging_s=5.0, dead_letter_queue=sqs.dead)
    await sqs.backend.change_queue(wanted)
    assert await sqs.backend.queue_settings(name) == wanted
    await sqs.backend.change_queue(QueueSettings(name=name))
    assert await sqs.backend.queue_settings(name) == QueueSettings(name=name)


# The engine


@pytest.mark.slow
async def test_the_engine_declares_pauses_and_redrives_as_on_any_backend(sqs: Bench) -> None:
    engine = QueueEngine(sqs.backend, clock=SystemClock(), names=QueueNames(f"{sqs.queue}-"))
    wanted = QueueSettings(name=engine.names.stored("work"), visibility_timeout_s=45.0)
    await engine.declare([wanted])
    await engine.pause(wanted.name)
    await engine.declare([wanted])
    settings = await engine.queue_settings(wanted.name)
    assert (settings.paused, settings.dead_letter_queue) == (True, f"{sqs.queue}-work-dlq")
    await engine.resume(wanted.name)
    for index in range(12):
        message = sqs.message(str(index))
        message.queue = engine.resolve("work")
        await engine.send(message)
    found: list[Delivery] = []
    while len(found) < 12:
        found += await engine.receive(wanted.name, max_messages=12, wait_s=1.0)
    orders = [DeadLetterOrder(one.queue, one.receipt, DeadLetterCause(code="REJECTED", reason="no")) for one in found]
    assert await engine.dead_letter(orders) == [None] * 12
    report = await engine.redrive(engine.names.dead_letter(wanted.name), messages_max=5).run()
    assert report.moved == 5
    report = await engine.redrive(engine.names.dead_letter(wanted.name)).run()
    assert (report.moved, report.skipped) == (7, 0)
    assert (await engine.counts(wanted.name)).ready == 12
    with pytest.raises(NotSupported):
        await engine.peek(wanted.name)


# Delays


async def test_a_delay_longer_than_sqs_keeps_is_begun_with_the_longest_it_keeps(sqs: Bench) -> None:
    await sqs.send(delay_s=3 * 86400.0)
    counts = await sqs.backend.counts(sqs.queue)
    assert (counts.ready, counts.delayed) == (0, 1)
    assert await sqs.backend.receive(sqs.queue) == []


@pytest.mark.slow
async def test_a_message_that_comes_due_too_early_is_sent_on_and_no_receive_is_counted(
    sqs: Bench, foreign: ForeignClient
) -> None:
    # As a message of long delay looks when SQS's own fifteen minutes are over.
    now_ms = SystemClock.now_ms()
    ours = {
        "message_id": "of-long-delay",
        "queue": sqs.queue,
        "sequence_number": now_ms * 1000,
        "not_before_ms": now_ms + 3000,
    }
    attribute = {"DataType": "String", "StringValue": json.encode_text(ours)}
    sqs_id = await foreign.send(sqs.queue, "later", MessageAttributes={"wipsie": attribute})
    assert await sqs.backend.receive(sqs.queue) == []
    (delivery,) = await sqs.backend.receive(sqs.queue, wait_s=10.0)
    assert delivery.received_at_ms >= now_ms + 3000, "delivered too early"
    assert (delivery.message_id, delivery.body, delivery.receive_count) == ("of-long-delay", "later", 1)
    assert delivery.sequence_number == now_ms * 1000
    assert delivery.message_id != sqs_id
    await sqs.backend.delete([(sqs.queue, delivery.receipt)])
    assert (await sqs.backend.counts(sqs.queue)).total == 0


async def test_a_release_longer_than_sqs_hides_a_message_is_a_delayed_copy(sqs: Bench) -> None:
    await sqs.send()
    delivery = await sqs.take()
    far = VisibilityChange(sqs.queue, delivery.receipt, 100_000.0, release=True)
    assert await sqs.backend.change_visibility([far]) == [None]
    counts = await sqs.backend.counts(sqs.queue)
    assert (counts.ready, counts.delayed, counts.leased) == (0, 1, 0)
    (outcome,) = await sqs.backend.delete([(sqs.queue, delivery.receipt)])
    assert isinstance(outcome, ReceiptExpired)


async def test_a_lease_longer_than_sqs_gives_is_refused(sqs: Bench) -> None:
    await sqs.send()
    delivery = await sqs.take()
    (outcome,) = await sqs.backend.change_visibility([VisibilityChange(sqs.queue, delivery.receipt, 43_201.0)])
    assert isinstance(outcome, InvalidInput)
    assert await sqs.backend.delete([(sqs.queue, delivery.receipt)]) == [None]


# Moves


async def test_only_the_process_that_received_a_message_can_move_it(sqs: Bench, sqs_url: str) -> None:
    await sqs.send()
    delivery = await sqs.take()
    other = SqsQueueBackend(sqs_url, clock=SystemClock())
    await other.start()
    mine, sqs.backend = sqs.backend, other
    assert isinstance(await sqs.bury(delivery), NotSupported)
    sqs.backend = mine
    await other.stop()
    assert await sqs.bury(delivery) is None
    assert (await sqs.take(sqs.dead)).message_id == delivery.message_id


async def test_a_cause_that_is_too_large_is_cut_and_the_letter_still_put_away(sqs: Bench) -> None:
    await sqs.send("x" * (1024 * 1024 - 2000))
    cause = DeadLetterCause(code="REJECTED", reason="r" * 5000, traceback="t" * 100_000 + "ValueError: here")
    assert await sqs.bury(await sqs.take(), cause) is None
    dead = (await sqs.take(sqs.dead)).dead_letter
    assert dead is not None
    assert dead.cause.code == "REJECTED"
    assert len(dead.cause.reason) == 500


async def test_a_traceback_keeps_its_end(sqs: Bench) -> None:
    await sqs.send()
    cause = DeadLetterCause(code="REJECTED", reason="no", traceback="t" * 100_000 + "ValueError: \x1b here")
    assert await sqs.bury(await sqs.take(), cause) is None
    dead = (await sqs.take(sqs.dead)).dead_letter
    assert dead is not None
    assert dead.cause.traceback is not None
    assert dead.cause.traceback.endswith("tttValueError: \x1b here")


@pytest.mark.slow
async def test_a_redrive_in_small_steps_gives_back_what_does_not_match(sqs: Bench) -> None:
    for index in range(23):
        await sqs.send(str(index))
    for delivery in await sqs.backend.receive(sqs.queue, max_messages=23):
        code = "ODD" if int(delivery.body) % 2 else "EVEN"
        assert await sqs.bury(delivery, DeadLetterCause(code=code, reason="r")) is None
    moved = skipped = 0
    after: int | None = 0
    while after is not None:
        step = await sqs.backend.redrive(
            sqs.dead, matching=RedriveFilter(cause_code="ODD"), limit=4, after_sequence_number=after
        )
        moved, skipped, after = moved + step.moved, skipped + step.skipped, step.next_sequence_number
    assert (moved, skipped) == (11, 12)
    assert len(await sqs.backend.receive(sqs.queue, max_messages=50)) == 11
    assert len(await sqs.backend.receive(sqs.dead, max_messages=50)) == 12


# Large bodies


@pytest.fixture
async def small(sqs_url: str, aws_session: object, shelf: ShelfOfBodies, bench_of: BenchOf) -> AsyncIterator[Bench]:
    """A backend whose server takes messages of 2 KiB."""
    bench = bench_of(
        SqsQueueBackend(f"{sqs_url}&message_bytes_max=2048", clock=SystemClock(), blobs=shelf, session=aws_session)
    )
    await bench.open(message_bytes_max=1_000_000)
    yield bench
    shelf.away = False
    await bench.close()


BODY = "ü\x00" * 20_000


async def test_a_large_body_travels_beside_its_message_and_goes_with_it(
    small: Bench, shelf: ShelfOfBodies, foreign: ForeignClient
) -> None:
    await small.send(BODY)
    assert "larger than Amazon SQS takes" in (await foreign.receive(small.queue))["Body"]
    delivery = await small.take()
    assert delivery.body == BODY
    assert len(shelf.bodies) == 1
    assert await small.backend.delete([(small.queue, delivery.receipt)]) == [None]
    assert shelf.bodies == {}


@pytest.mark.slow
async def test_a_large_body_stays_over_death_and_return(small: Bench, shelf: ShelfOfBodies) -> None:
    await small.send(BODY)
    assert await small.bury(await small.take()) is None
    assert (await small.take(small.dead, visibility_timeout_s=0.0)).body == BODY
    assert (await small.backend.redrive(small.dead)).moved == 1
    delivery = await small.take()
    assert delivery.body == BODY
    assert await small.backend.delete([(small.queue, delivery.receipt)]) == [None]
    assert shelf.bodies == {}


async def test_a_body_that_cannot_be_put_away_is_refused_alone(small: Bench, shelf: ShelfOfBodies) -> None:
    shelf.away = True
    large, little = await small.backend.send([small.message(BODY), small.message("little")])
    assert isinstance(large, StorageUnavailable)
    assert isinstance(little, SendResult)


async def test_a_message_is_never_delivered_without_its_body(small: Bench, shelf: ShelfOfBodies) -> None:
    await small.send(BODY)
    shelf.away = True
    assert await small.backend.receive(small.queue, visibility_timeout_s=1.0) == []
    shelf.away = False

    async def came_back() -> bool:
        return [one.body for one in await small.backend.receive(small.queue)] == [BODY]

    await eventually(came_back, message="the message comes back when its body can be had")


async def test_an_acknowledgement_holds_though_the_body_cannot_be_removed(small: Bench, shelf: ShelfOfBodies) -> None:
    await small.send(BODY)
    delivery = await small.take()
    shelf.away = True
    assert await small.backend.delete([(small.queue, delivery.receipt)]) == [None]


async def test_without_an_object_store_a_message_that_does_not_fit_is_refused(sqs_url: str, bench_of: BenchOf) -> None:
    bench = bench_of(SqsQueueBackend(f"{sqs_url}&message_bytes_max=2048", clock=SystemClock()))
    await bench.open(message_bytes_max=1_000_000)
    (outcome,) = await bench.backend.send([bench.message("x" * 2048)])
    assert isinstance(outcome, MessageTooLarge)
    assert "BLOB_URL" in outcome.message
    await bench.close()
