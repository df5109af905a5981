"""From a message as SQS gives it to a delivery: what it is, whether it is due, and its body."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.causes import receive_limit_cause
from wipsie.queue.backends.sqs.attributes import to_received
from wipsie.queue.backends.sqs.directory import QueueDirectory, SqsQueue
from wipsie.queue.backends.sqs.envelope import decode_body
from wipsie.queue.backends.sqs.lanes import AllLanes
from wipsie.queue.backends.sqs.large_bodies import LargeBodies
from wipsie.queue.backends.sqs.leases import Held, Leases
from wipsie.queue.backends.sqs.parcel import Parcel, SqsMessage, unpack
from wipsie.queue.backends.sqs.receipts import write_receipt
from wipsie.queue.backends.sqs.sending import Sender
from wipsie.queue.backends.sqs.sqs_limits import DELAY_S_MAX
from wipsie.queue.contract import DeadLetter, Delivery
from wipsie.queue.pushed import PushedMessage
from wipsie.telemetry.logging import get_logger

_log = get_logger(__name__)


def read_message(raw: dict[str, Any]) -> SqsMessage:
    """A message as the client library gives it, typed."""
    return msgspec.convert(raw, SqsMessage)


def read_pushed(message: PushedMessage) -> SqsMessage:
    """The same of a message that somebody else received."""
    return SqsMessage(
        message_id=message.transport_id,
        receipt_handle=message.handle,
        body=message.body,
        attributes=message.system,
        message_attributes={name: to_received(attribute) for name, attribute in message.attributes.items()},
    )


def identify(message: SqsMessage, queue: QueueName, directory: QueueDirectory) -> Parcel:
    """What the message is. One that a redrive policy moved here has no cause with it: it gets the one there is."""
    parcel = unpack(message, queue)
    envelope = parcel.envelope
    if envelope.queue == queue:
        return parcel
    dead = envelope.dead_letter
    source = directory.remembered(envelope.queue)
    is_policy = source is not None and source.settings.dead_letter_queue == queue
    if dead is not None and dead.origin == queue:
        # Somebody sent it home with a redrive of Amazon's.
        envelope.dead_letter = None
        envelope.redrive_count += 1
    elif dead is None or is_policy:
        system = message.attributes
        if source is not None and is_policy:
            limit = source.settings.max_receive_count
        else:
            limit = max(1, int(system.get("ApproximateReceiveCount", 1)) - 1)
        # The first receive is the last time that is known of its life before.
        dead_at_ms = int(system.get("ApproximateFirstReceiveTimestamp", 0)) or envelope.accepted_at_ms
        envelope.dead_letter = DeadLetter(
            origin=envelope.queue, dead_at_ms=dead_at_ms, cause=receive_limit_cause(limit)
        )
    envelope.queue = queue
    envelope.earlier_receives = 0
    return parcel


class Opener:
    """Opens messages for one backend."""

    def __init__(
        self,
        directory: QueueDirectory,
        lanes: AllLanes,
        leases: Leases,
        sender: Sender,
        *,
        clock: Clock,
        large_bodies: LargeBodies | None,
    ) -> None:
        self._directory = directory
        self._lanes = lanes
        self._leases = leases
        self._sender = sender
        self._clock = clock
        self._large_bodies = large_bodies

    async def open(self, message: SqsMessage, queue: SqsQueue, lease_s: int) -> Delivery | None:
        """The delivery, None for a message that must not be handed out now."""
        now_ms = self._clock.now_ms()
        parcel = identify(message, queue.name, self._directory)
        envelope = parcel.envelope
        system = message.attributes
        if envelope.dead_letter is None and envelope.not_before_ms is not None and envelope.not_before_ms > now_ms:
            await self._send_on(message, parcel, queue, (envelope.not_before_ms - now_ms) / 1000)
            return None
        if envelope.large_body is None:
            body = decode_body(parcel.body, envelope.encoding)
        elif (fetched := await self._fetch_body(envelope.large_body, queue.name)) is not None:
            body = decode_body(fetched, envelope.encoding)
        else:
            return None
        receive_count = int(system.get("ApproximateReceiveCount", 1)) + envelope.earlier_receives
        handle = message.receipt_handle
        due_ms = self._leases.deliver(
            Held(
                queue=queue.name,
                sqs_id=message.message_id,
                handle=handle,
                parcel=parcel,
                receive_count=receive_count,
                visible_at_ms=now_ms + lease_s * 1000,
            )
        )
        if receive_count == 1:
            due_ms = envelope.not_before_ms or int(system.get("SentTimestamp", now_ms)) + envelope.delay_ms
        return Delivery(
            queue=queue.name,
            message_id=envelope.message_id,
            receipt=write_receipt(queue.name, handle, envelope.large_body),
            body=body,
            # A copy: what the handler does to it must not show in a dead letter.
            attributes=dict(parcel.attributes),
            priority=envelope.priority,
            sequence_number=envelope.sequence_number,
            sent_at_ms=envelope.accepted_at_ms,
            # Of a message that another process had, nobody tells since when it waits.
            waiting_since_ms=now_ms if due_ms is None else min(due_ms, now_ms),
            received_at_ms=now_ms,
            lease_until_ms=now_ms + lease_s * 1000,
            receive_count=receive_count,
            # The server's stamp, except for the delivery that made it: that one knows the time by our own clock.
            first_received_at_ms=now_ms
            if receive_count == 1
            else int(system.get("ApproximateFirstReceiveTimestamp", now_ms)),
            group_id=parcel.group_id,
            deduplication_id=envelope.deduplication_id,
            redrive_count=envelope.redrive_count,
            dead_letter=envelope.dead_letter,
        )

    async def _send_on(self, message: SqsMessage, parcel: Parcel, queue: SqsQueue, remaining_s: float) -> None:
        """Too early: put a copy behind, then remove this one. A crash in between leaves both, with one message id. The copy
        starts with no receives, so waiting never counts as failing."""
        delay_s = min(remaining_s, DELAY_S_MAX)
        try:
            await self._sender.post(parcel, queue, deduplication_id=None, delay_s=delay_s)
            await self._lanes.of(queue).delete.call(message.receipt_handle)
        except WipsieError as error:
            _log.warning("delayed_message_not_sent_on", queue=queue.name, error=str(error))

    async def _fetch_body(self, key: str, queue: QueueName) -> str | None:
        """None when it cannot be had: the message stays leased, comes back, and in the end its receive limit stops it. It
        is never delivered without its body."""
        reason = "no object store is configured: set BLOB_URL"
        if self._large_bodies is not None:
            try:
                content = await self._large_bodies.get(key)
                if content is not None:
                    return content.decode()
                reason = "there is nothing under its key"
            except (WipsieError, UnicodeDecodeError) as error:
                reason = str(error)
        _log.error("large_body_not_found", queue=queue, key=key, reason=reason)
        return None
