"""Send: check, pack, put large bodies aside, and give each message to the lane of its queue."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import MessageTooLarge, WipsieError
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit import admission
from wipsie.queue.backend_kit.refusals import not_supported
from wipsie.queue.backends.sqs.directory import STALE_S, QueueDirectory, SqsQueue
from wipsie.queue.backends.sqs.faults import raise_if_away
from wipsie.queue.backends.sqs.lanes import AllLanes
from wipsie.queue.backends.sqs.large_bodies import PLACEHOLDER, LargeBodies, new_key
from wipsie.queue.backends.sqs.parcel import Entry, Parcel, compose, pack
from wipsie.queue.backends.sqs.queue_settings import no_deduplication
from wipsie.queue.backends.sqs.sqs_limits import DEDUPLICATION_WINDOW_S, DELAY_S_MAX
from wipsie.queue.contract import DeadLetter, NewMessage, QueueSettings, SendResult

_REASON_LENGTH_MAX = 500


class SequenceNumbers:
    """Microseconds since the epoch, each used once by this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        self._last = max(self._last + 1, self._clock.now_ms() * 1000)
        return self._last


class Sender:
    """Puts messages and copies of messages into queues."""

    def __init__(
        self, directory: QueueDirectory, lanes: AllLanes, *, clock: Clock, large_bodies: LargeBodies | None
    ) -> None:
        self._directory = directory
        self._lanes = lanes
        self._clock = clock
        self._large_bodies = large_bodies
        self._sequence = SequenceNumbers(clock)

    def next_sequence_number(self) -> int:
        """A number for a copy that begins a new life."""
        return self._sequence.next()

    async def send(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        """One outcome per message, in order."""
        queues = await self._find({message.queue for message in messages})
        outcomes: list[SendResult | WipsieError | None] = [None] * len(messages)
        sent: list[tuple[int, SendResult, asyncio.Future[None]]] = []
        for index, message in enumerate(messages):
            try:
                queue = queues[message.queue]
                if isinstance(queue, WipsieError):
                    raise queue
                parcel, deduplication_id, delay_s = self._admit(message, queue.settings)
                entry = await self._prepare(parcel, queue, deduplication_id, delay_s)
                future = self._lanes.of(queue).send.submit(entry)
            except WipsieError as error:
                outcomes[index] = error
            else:
                number = parcel.envelope.sequence_number
                sent.append((index, SendResult(message.message_id, number, number // 1000), future))
        answers = await asyncio.gather(*(future for _, _, future in sent), return_exceptions=True)
        for (index, result, _), answer in zip(sent, answers, strict=True):
            if answer is not None and not isinstance(answer, WipsieError):
                raise answer
            outcomes[index] = result if answer is None else answer
        raise_if_away(outcomes)
        return [outcome for outcome in outcomes if outcome is not None]

    async def post(
        self, parcel: Parcel, queue: SqsQueue, *, deduplication_id: str | None, delay_s: float = 0.0
    ) -> None:
        """Put a copy into a queue. Raises its refusal."""
        fifo = queue.settings.fifo
        if fifo and parcel.group_id is None:
            # A letter that comes from a standard queue: a group of its own keeps nobody waiting.
            parcel = msgspec.structs.replace(parcel, group_id=parcel.envelope.message_id)
        entry = await self._prepare(
            parcel, queue, (deduplication_id or parcel.envelope.message_id) if fifo else None, None if fifo else delay_s
        )
        await self._lanes.of(queue).send.call(entry)

    async def _find(self, names: set[QueueName]) -> dict[QueueName, SqsQueue | WipsieError]:
        found: dict[QueueName, SqsQueue | WipsieError] = {}
        for name in names:
            queue = self._directory.remembered(name)
            if queue is None or self._clock.monotonic() - queue.read_at >= STALE_S:
                try:
                    queue = await self._directory.find(name, age_s_max=STALE_S)
                except WipsieError as error:
                    found[name] = error
                    continue
            found[name] = queue
        return found

    def _admit(self, message: NewMessage, settings: QueueSettings) -> tuple[Parcel, str | None, float | None]:
        """(parcel, deduplication id for SQS, delay for SQS). Raises what this queue cannot take."""
        if message.deduplication_id is not None and not settings.fifo:
            raise no_deduplication()
        if message.fingerprint is not None or message.deduplication_window_s not in (None, DEDUPLICATION_WINDOW_S):
            raise not_supported(
                "sqs", "deduplication", "repeats are recognised for 300 seconds and not compared; leave that out."
            )
        admission.check(settings, message, total=lambda: 0)
        wanted_s = settings.delay_s if message.delay_s is None else message.delay_s
        if settings.fifo and wanted_s != settings.delay_s:
            raise not_supported(
                "sqs", "delay", "messages of a FIFO queue have no delay of their own; leave delay_s out."
            )
        number = self._sequence.next()
        not_before_ms = number // 1000 + int(wanted_s * 1000) if wanted_s > DELAY_S_MAX else None
        parcel = pack(message, sequence_number=number, delay_ms=int(wanted_s * 1000), not_before_ms=not_before_ms)
        if settings.fifo:
            return parcel, _deduplication_id(message, settings), None
        return parcel, None, None if message.delay_s is None and not_before_ms is None else wanted_s

    async def _prepare(
        self, parcel: Parcel, queue: SqsQueue, deduplication_id: str | None, delay_s: float | None
    ) -> Entry:
        """An entry that fits: a body that is too long goes aside first. MessageTooLarge, StorageUnavailable."""
        entry = compose(parcel, deduplication_id=deduplication_id, delay_s=delay_s)
        if entry.size <= queue.bytes_max:
            return entry
        if self._large_bodies is not None and parcel.envelope.large_body is None:
            parcel = await _put_aside(parcel, queue.name, self._large_bodies)
            entry = compose(parcel, deduplication_id=deduplication_id, delay_s=delay_s)
        if entry.size > queue.bytes_max and (dead := parcel.envelope.dead_letter) is not None:
            # Rather a short reason than a letter that cannot be put away.
            envelope = msgspec.structs.replace(parcel.envelope, dead_letter=_shortened(dead))
            parcel = msgspec.structs.replace(parcel, envelope=envelope)
            entry = compose(parcel, deduplication_id=deduplication_id, delay_s=delay_s)
        if entry.size > queue.bytes_max:
            raise MessageTooLarge(
                f"With what Wipsie adds the message has {entry.size} bytes; Amazon SQS takes up to {queue.bytes_max} here. "
                "Set BLOB_URL, so that large bodies can be kept there, or send a reference.",
                details={"bytes": entry.size, "bytes_max": queue.bytes_max},
            )
        return entry


def _deduplication_id(message: NewMessage, settings: QueueSettings) -> str:
    if message.deduplication_id is not None:
        return message.deduplication_id
    if settings.content_based_deduplication:
        # As Amazon counts it, over the body as it was sent and not as it travels.
        return hashlib.sha256(message.body.encode()).hexdigest()
    return message.message_id


async def _put_aside(parcel: Parcel, queue: QueueName, large_bodies: LargeBodies) -> Parcel:
    envelope = parcel.envelope
    key = new_key(queue, MessageId(envelope.message_id))
    await large_bodies.put(key, parcel.body.encode())
    return msgspec.structs.replace(parcel, body=PLACEHOLDER, envelope=msgspec.structs.replace(envelope, large_body=key))


def _shortened(dead: DeadLetter) -> DeadLetter:
    cause = dead.cause
    short = msgspec.structs.replace(
        cause, reason=cause.reason[:_REASON_LENGTH_MAX], traceback=None, attempts=cause.attempts[-1:]
    )
    return msgspec.structs.replace(dead, cause=short)
