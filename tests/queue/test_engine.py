"""What the engine promises above any backend: names, declarations, refusals that spare neighbours, gauges."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wipsie.kernel import limits
from wipsie.kernel.errors import InvalidInput, InvalidMessageContents, QueueExists, QueueNotFound, WipsieError
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import Attribute, NewMessage, QueueSettings, SendResult, VisibilityChange
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock

DEFAULT = QueueName("wipsie-default")
DEFAULT_DEAD = QueueName("wipsie-default-dlq")
REPORTS = QueueName("wipsie-daily-reports")

Open = Callable[[], QueueEngine]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def open_engine(tmp_path: Path, clock: FakeClock, metrics: Metrics) -> AsyncIterator[Open]:
    """Gives engines over one file, each like the engine of another process; stopped with the test."""
    opened: list[QueueEngine] = []

    def build() -> QueueEngine:
        backend = SqliteQueueBackend(tmp_path / "queue.db", clock=clock)
        opened.append(QueueEngine(backend, clock=clock, names=QueueNames(), metrics=metrics))
        return opened[-1]

    yield build
    for engine in reversed(opened):
        await engine.stop()


@pytest.fixture
async def engine(open_engine: Open) -> QueueEngine:
    """An engine with two declared queues."""
    engine = open_engine()
    await engine.start()
    await engine.declare([QueueSettings(name=DEFAULT), QueueSettings(name=REPORTS)])
    return engine


def message(body: str = "hello", **fields: Any) -> NewMessage:
    queue = fields.pop("queue", DEFAULT)
    return NewMessage(queue=queue, body=body, message_id=new_message_id(), **fields)


# Declaring


async def test_a_declared_queue_gets_a_dead_letter_queue_that_keeps_for_the_longest_time(engine: QueueEngine) -> None:
    assert (await engine.queue_settings(DEFAULT)).dead_letter_queue == DEFAULT_DEAD
    assert (await engine.queue_settings(DEFAULT_DEAD)).retention_s == limits.RETENTION_S_MAX


async def test_a_queue_that_names_its_dead_letter_queue_gets_no_other(engine: QueueEngine) -> None:
    await engine.declare([QueueSettings(name=QueueName("wipsie-mail"), dead_letter_queue=DEFAULT_DEAD)])
    assert "wipsie-mail-dlq" not in [one.name for one in await engine.list_queues()]
    assert (await engine.queue_settings(QueueName("wipsie-mail"))).dead_letter_queue == DEFAULT_DEAD


async def test_the_dead_letter_queue_of_a_fifo_queue_is_a_fifo_queue(engine: QueueEngine) -> None:
    await engine.declare([QueueSettings(name=QueueName("wipsie-orders.fifo"), fifo=True)])
    assert (await engine.queue_settings(QueueName("wipsie-orders-dlq.fifo"))).fifo


async def test_declaring_again_applies_what_changed_and_keeps_the_messages(engine: QueueEngine) -> None:
    await engine.send(message())
    await engine.declare([QueueSettings(name=DEFAULT, visibility_timeout_s=7.0, max_receive_count=3)])
    settings = await engine.queue_settings(DEFAULT)
    assert (settings.visibility_timeout_s, settings.max_receive_count) == (7.0, 3)
    (delivery,) = await engine.receive(DEFAULT)
    assert delivery.lease_until_ms - delivery.received_at_ms == 7000


async def test_a_queue_people_paused_stays_paused_when_another_process_declares_it(
    engine: QueueEngine, open_engine: Open
) -> None:
    await engine.pause(DEFAULT)
    await engine.pause(DEFAULT_DEAD)
    other = open_engine()
    await other.start()
    await other.declare([QueueSettings(name=DEFAULT, visibility_timeout_s=5.0)])
    settings = await other.queue_settings(DEFAULT)
    assert (settings.paused, settings.visibility_timeout_s) == (True, 5.0)
    assert (await other.queue_settings(DEFAULT_DEAD)).paused


async def test_creating_a_queue_with_other_settings_is_refused_and_changes_nothing(engine: QueueEngine) -> None:
    before = await engine.queue_settings(DEFAULT)
    with pytest.raises(QueueExists):
        await engine.create_queue(msgspec.structs.replace(before, visibility_timeout_s=1.0))
    assert await engine.queue_settings(DEFAULT) == before


# Names


@pytest.mark.parametrize("name", ["daily_reports", "daily-reports", "wipsie-daily-reports"])
async def test_short_and_stored_names_resolve_to_the_stored_one(engine: QueueEngine, name: str) -> None:
    assert engine.resolve(name) == REPORTS


@pytest.mark.parametrize("name", ["nowhere", "", "a b", "x" * 500, "wipsie-", "../default", "\0", "\ud800"])
async def test_an_unknown_name_is_refused_with_the_names_there_are(engine: QueueEngine, name: str) -> None:
    with pytest.raises(QueueNotFound) as refusal:
        engine.resolve(name)
    assert refusal.value.details["available_queues"] == ["default", "daily_reports"]
    assert len(refusal.value.message) < 300


async def test_dead_letter_queues_resolve_but_are_not_work_queues(engine: QueueEngine) -> None:
    assert engine.resolve("default_dlq") == DEFAULT_DEAD
    assert engine.work_queues() == ["default", "daily_reports"]


async def test_an_engine_that_declared_nothing_shows_the_work_queues_it_found(
    engine: QueueEngine, open_engine: Open
) -> None:
    await engine.declare([QueueSettings(name=QueueName("wipsie-orders.fifo"), fifo=True)])
    other = open_engine()
    await other.start()
    assert other.work_queues() == ["daily_reports", "default", "orders.fifo"]
    assert other.resolve("default") == DEFAULT


async def test_a_deleted_queue_is_unknown_at_once(engine: QueueEngine) -> None:
    await engine.delete_queue(REPORTS)
    assert engine.work_queues() == ["default"]
    with pytest.raises(QueueNotFound):
        engine.resolve("daily_reports")
    with pytest.raises(QueueNotFound):
        await engine.send(message(queue=REPORTS))


async def test_a_created_queue_is_known_at_once(engine: QueueEngine) -> None:
    await engine.create_queue(QueueSettings(name=QueueName("wipsie-extra")))
    assert engine.resolve("extra") == "wipsie-extra"


# Sending

UNSENDABLE: dict[str, tuple[NewMessage, type[WipsieError]]] = {
    "empty body": (message(""), InvalidMessageContents),
    "NUL": (message("a\0b"), InvalidMessageContents),
    "NUL among other letters": (message("ä\0ö"), InvalidMessageContents),
    "lone high surrogate": (message("a\ud83d"), InvalidMessageContents),
    "lone low surrogate": (message("\ude00a"), InvalidMessageContents),
    "eleven attributes": (message(attributes={f"a{n}": Attribute("1") for n in range(11)}), InvalidInput),
    "delay below zero": (message(delay_s=-0.1), InvalidInput),
    "delay beyond ten years": (message(delay_s=limits.DELAY_S_MAX + 1.0), InvalidInput),
    "delay is no number": (message(delay_s=math.nan), InvalidInput),
    "endless delay": (message(delay_s=math.inf), InvalidInput),
    "long group": (message(group_id="g" * 129), InvalidInput),
    "empty group": (message(group_id=""), InvalidInput),
    "long deduplication id": (message(deduplication_id="d" * 129), InvalidInput),
    "empty deduplication id": (message(deduplication_id=""), InvalidInput),
    "unknown queue": (message(queue=QueueName("wipsie-nowhere")), QueueNotFound),
}


@pytest.mark.parametrize("name", UNSENDABLE)
async def test_what_cannot_be_stored_is_refused(engine: QueueEngine, name: str) -> None:
    unsendable, refusal = UNSENDABLE[name]
    with pytest.raises(refusal):
        await engine.send(unsendable)
    assert (await engine.counts(DEFAULT)).total == 0


async def test_what_is_just_within_the_bounds_is_stored_unchanged(engine: QueueEngine) -> None:
    attributes = {f"a{n}": Attribute("é") for n in range(limits.ATTRIBUTES_MAX)}
    sent = await engine.send(
        message(
            "\x01 \u2028 😀 \ufffe",
            attributes=attributes,
            group_id="g" * 128,
            deduplication_id="d" * 128,
            delay_s=0.0,
        )
    )
    (delivery,) = await engine.receive(DEFAULT)
    assert (delivery.message_id, delivery.body) == (sent.message_id, "\x01 \u2028 😀 \ufffe")
    assert (delivery.attributes, delivery.group_id) == (attributes, "g" * 128)
    await engine.send(message(delay_s=float(limits.DELAY_S_MAX)))
    assert (await engine.counts(DEFAULT)).delayed == 1


async def test_refused_messages_do_not_touch_their_neighbours(engine: QueueEngine) -> None:
    mixed: list[NewMessage] = []
    for unsendable, _ in UNSENDABLE.values():
        mixed += [message(), unsendable]
    mixed.append(message("x" * (limits.MESSAGE_BYTES_MAX + 1)))
    results = await engine.send_many(mixed)
    assert len(results) == len(mixed)
    for number, (one, result) in enumerate(zip(mixed, results, strict=True)):
        if number % 2 == 0 and number < len(mixed) - 1:
            assert isinstance(result, SendResult)
            assert result.message_id == one.message_id
        else:
            assert isinstance(result, WipsieError), number
    assert (await engine.counts(DEFAULT)).ready == len(UNSENDABLE)


@pytest.mark.parametrize(
    "poisonous",
    [
        message(attributes={"a": Attribute("\ud800")}),
        message(attributes={"\ud800": Attribute("a")}),
        message(attributes={"a": Attribute("a\0b")}),
        message(group_id="\ud800"),
        message(group_id="a\0b"),
        message(deduplication_id="\ud800"),
    ],
    ids=["value", "name", "NUL value", "group", "NUL group", "deduplication id"],
)
async def test_text_no_store_keeps_is_refused_or_kept_faithfully_wherever_it_stands(
    engine: QueueEngine, poisonous: NewMessage
) -> None:
    before, result, after = await engine.send_many([message("before"), poisonous, message("after")])
    assert isinstance(before, SendResult)
    assert isinstance(after, SendResult)
    deliveries = await engine.receive(DEFAULT, max_messages=10)
    kept = [one for one in deliveries if one.message_id == poisonous.message_id]
    if isinstance(result, WipsieError):
        assert not kept
    else:
        assert (kept[0].attributes, kept[0].group_id) == (poisonous.attributes or {}, poisonous.group_id)


async def test_more_than_a_thousand_messages_are_stored_in_order(engine: QueueEngine) -> None:
    many = [message(str(number)) for number in range(2 * limits.BATCH_MESSAGES_MAX + 5)]
    many[1500] = message("")
    results = await engine.send_many(many)
    assert isinstance(results[1500], InvalidMessageContents)
    sent = [one for one in results if isinstance(one, SendResult)]
    assert len(sent) == len(many) - 1
    numbers = [one.sequence_number for one in sent]
    assert numbers == sorted(set(numbers))
    assert (await engine.counts(DEFAULT)).ready == len(many) - 1


async def test_sending_nothing_answers_nothing(engine: QueueEngine) -> None:
    assert await engine.send_many([]) == []


# Receiving


@pytest.mark.parametrize("max_messages", [0, -1, limits.BATCH_MESSAGES_MAX + 1])
async def test_a_receive_of_none_or_too_many_is_refused(engine: QueueEngine, max_messages: int) -> None:
    with pytest.raises(InvalidInput):
        await engine.receive(DEFAULT, max_messages=max_messages)


@pytest.mark.parametrize("timeout_s", [-0.001, limits.VISIBILITY_TIMEOUT_S_MAX + 1, math.nan, math.inf])
async def test_a_visibility_timeout_out_of_range_is_refused_and_leases_nothing(
    engine: QueueEngine, timeout_s: float
) -> None:
    await engine.send(message())
    with pytest.raises(InvalidInput):
        await engine.receive(DEFAULT, visibility_timeout_s=timeout_s)
    (delivery,) = await engine.receive(DEFAULT)
    with pytest.raises(InvalidInput):
        await engine.change_visibility([VisibilityChange(DEFAULT, delivery.receipt, timeout_s)])
    assert (await engine.counts(DEFAULT)).leased == 1


async def test_the_longest_receive_takes_a_thousand(engine: QueueEngine) -> None:
    await engine.send_many([message() for _ in range(limits.BATCH_MESSAGES_MAX + 1)])
    deliveries = await engine.receive(DEFAULT, max_messages=limits.BATCH_MESSAGES_MAX)
    assert len(deliveries) == limits.BATCH_MESSAGES_MAX
    assert await engine.delete([(DEFAULT, one.receipt) for one in deliveries]) == [None] * len(deliveries)
    assert (await engine.counts(DEFAULT)).total == 1


async def test_a_paused_queue_accepts_but_delivers_nothing_until_it_is_resumed(engine: QueueEngine) -> None:
    await engine.pause(DEFAULT)
    await engine.pause(DEFAULT)
    await engine.send(message())
    assert await engine.receive(DEFAULT) == []
    counts = await engine.counts(DEFAULT)
    assert (counts.ready, counts.paused) == (1, True)
    await engine.resume(DEFAULT)
    assert len(await engine.receive(DEFAULT)) == 1
    assert not (await engine.queue_settings(DEFAULT)).paused


async def test_pausing_changes_no_other_setting(engine: QueueEngine) -> None:
    before = await engine.queue_settings(REPORTS)
    await engine.pause(REPORTS)
    await engine.resume(REPORTS)
    assert await engine.queue_settings(REPORTS) == before


# Counting


async def test_all_counts_shows_every_queue_and_refreshes_the_gauges(
    engine: QueueEngine, clock: FakeClock, metrics: Metrics
) -> None:
    await engine.send_many([message(), message(), message(), message(delay_s=3600.0)])
    await engine.receive(DEFAULT, visibility_timeout_s=600.0)
    await clock.advance(12.0)
    counts = {one.queue: one for one in await engine.all_counts()}
    assert list(counts) == sorted([DEFAULT, DEFAULT_DEAD, REPORTS, "wipsie-daily-reports-dlq"])
    assert counts[DEFAULT].total == 4

    def gauge(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"queue_name": "default", **labels})

    assert gauge("sqs_queue_size") == 4
    states = {state: gauge("queue_messages", state=state) for state in ("ready", "delayed", "leased", "blocked")}
    assert states == {"ready": 2, "delayed": 1, "leased": 1, "blocked": 0}
    assert gauge("queue_oldest_message_age_seconds") == pytest.approx(12.0)

    await engine.purge(DEFAULT)
    await engine.all_counts()
    assert (gauge("sqs_queue_size"), gauge("queue_oldest_message_age_seconds")) == (0, 0)
