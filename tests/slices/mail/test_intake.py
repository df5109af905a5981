"""What was accepted is on the queue, and its bytes are in the store before its message is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wipsie.blobs import BlobStore
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import MessageTooLarge, QueueFull, StorageUnavailable
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.slices.mail.domain.arrival import BucketObject, Envelope, LetterArrival, RawArrival, read_body
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.service.intake import MAIL_QUEUE, MailIntake

LETTER = Letter(subject="Happy new year!", sender="John doe", timestamp_s=1693561101, content="Just want to say")
ENVELOPE = Envelope(door="smtp", received_at_ms=5, sender="a@example.org", recipients=("b@example.org",))
IN_ORDER = "mail.fifo"
MESSAGE = b"From: a@example.org\r\nSubject: hello\r\n\r\ntext\r\n"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[QueueEngine]:
    clock = SystemClock()
    made = QueueEngine(SqliteQueueBackend(tmp_path / "queue.db", clock=clock), clock=clock, names=QueueNames("wipsie-"))
    await made.start(
        [
            QueueSettings(name=made.names.stored(MAIL_QUEUE), max_messages=3),
            QueueSettings(name=QueueName(IN_ORDER), fifo=True),
        ]
    )
    yield made
    await made.stop()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(f"file://{tmp_path}/blobs")


async def bodies(engine: QueueEngine, queue: str = MAIL_QUEUE) -> list[str]:
    return [message.body for message in await engine.peek(engine.resolve(queue), limit=10)]


async def test_a_letter_is_on_the_queue_as_plain_json_once_it_is_accepted(
    engine: QueueEngine, blobs: BlobStore
) -> None:
    accepted = await MailIntake(engine, blobs).accept_letter(LETTER)
    (message,) = await engine.peek(engine.resolve(MAIL_QUEUE), limit=10)
    assert message.message_id == accepted.message_id
    assert json.loads(message.body) == LETTER.document()
    assert read_body(message.body) == LetterArrival(data=LETTER.document())
    assert accepted.name.key.startswith("emails/2023/09/01/email-1693561101-")


@pytest.mark.parametrize("by_file", [False, True])
async def test_bytes_lie_untouched_where_the_message_says(
    engine: QueueEngine, blobs: BlobStore, tmp_path: Path, by_file: bool
) -> None:
    (tmp_path / "mail").write_bytes(MESSAGE)
    await MailIntake(engine, blobs).accept_raw(tmp_path / "mail" if by_file else MESSAGE, ENVELOPE)
    (body,) = await bodies(engine)
    arrival = read_body(body)
    assert isinstance(arrival, RawArrival)
    assert arrival.envelope == ENVELOPE
    assert not isinstance(arrival.source, BucketObject)
    assert arrival.source.sha256 == hashlib.sha256(MESSAGE).hexdigest()
    assert (await blobs.get(arrival.source.key)).content == MESSAGE


async def test_a_mail_in_a_bucket_of_its_provider_is_only_pointed_at(engine: QueueEngine, blobs: BlobStore) -> None:
    source = BucketObject(bucket="inbox", key="abc")
    await MailIntake(engine, blobs).accept_stored(source, ENVELOPE)
    assert [read_body(body) for body in await bodies(engine)] == [RawArrival(source=source, envelope=ENVELOPE)]


async def test_a_store_that_cannot_be_written_accepts_nothing(engine: QueueEngine, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")
    with pytest.raises(StorageUnavailable):
        await MailIntake(engine, BlobStore(f"file://{tmp_path}/in-the-way/blobs")).accept_raw(MESSAGE, ENVELOPE)
    assert await bodies(engine) == []


async def test_a_full_queue_and_a_letter_too_large_for_it_are_refused(engine: QueueEngine, blobs: BlobStore) -> None:
    intake = MailIntake(engine, blobs)
    with pytest.raises(MessageTooLarge, match="SMTP"):
        await intake.accept_letter(Letter(subject="s", sender="a", timestamp_s=1, content="x" * 2_000_000))
    for _ in range(3):
        await intake.accept_letter(LETTER)
    with pytest.raises(QueueFull):
        await intake.accept_letter(LETTER)


async def test_in_a_queue_with_an_order_a_letter_sent_twice_arrives_twice(
    engine: QueueEngine, blobs: BlobStore
) -> None:
    # The archive knows copies; a queue that swallowed one would hide it, and whatever was to be sent again on purpose.
    intake = MailIntake(engine, blobs, queue=IN_ORDER)
    first = await intake.accept_letter(LETTER)
    assert (await intake.accept_letter(LETTER)).message_id != first.message_id
    assert len(await bodies(engine, IN_ORDER)) == 2
