"""SendMessage and SendMessageBatch."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import new_message_id
from wipsie.queue.contract import Attribute, NewMessage, QueueSettings, SendResult
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.batch import batch_answer, check_entries, failed
from wipsie.sqs_endpoint.checks import check_key, check_number, check_text
from wipsie.sqs_endpoint.digests import md5_of_attributes, md5_of_text
from wipsie.sqs_endpoint.errors import BATCH_TOO_LONG, INVALID_PARAMETER, SqsError, invalid, missing
from wipsie.sqs_endpoint.extensions import Wishes, read_wishes, split_extensions
from wipsie.sqs_endpoint.message_attributes import (
    AttributeValue,
    attribute_bytes,
    read_attributes,
    read_system_attributes,
    stored_with_trace,
)
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output

_NO_WISHES = Wishes()


class MessageInput(Input):
    """A message, alone or in a batch."""

    message_body: str | None = None
    delay_seconds: int | None = None
    message_attributes: dict[str, AttributeValue] | None = None
    message_system_attributes: dict[str, AttributeValue] | None = None
    message_deduplication_id: str | None = None
    message_group_id: str | None = None


class SendMessageInput(MessageInput):
    """One message for one queue."""

    queue_url: str | None = None


class SendEntry(MessageInput):
    """One message of a batch."""

    id: str | None = None


class SendMessageBatchInput(Input):
    """Up to ten messages for one queue."""

    queue_url: str | None = None
    entries: list[SendEntry] | None = None


class _Outgoing(msgspec.Struct):
    message: NewMessage
    attributes: dict[str, Attribute]
    system: dict[str, Attribute]
    size: int


async def send_message(call: Call, given: SendMessageInput) -> Output:
    """Store one message; answered once it is on disk."""
    queue = await call.queues.of_url(given.queue_url)
    if queue.fifo and not given.message_group_id:
        raise missing("MessageGroupId")
    outgoing = _read(call, queue, given)
    return _sent(queue, outgoing, await call.engine.send(outgoing.message))


async def send_message_batch(call: Call, given: SendMessageBatchInput) -> Output:
    """Store up to ten messages; each is accepted or refused for itself."""
    queue = await call.queues.of_url(given.queue_url)
    entries = given.entries or []
    check_entries(entries, "SendMessageBatchRequestEntry")
    if queue.fifo and not all(entry.message_group_id for entry in entries):
        raise SqsError(INVALID_PARAMETER, "Every message for a FIFO queue needs a MessageGroupId.")
    refused: dict[str, Exception] = {}
    outgoing: dict[str, _Outgoing] = {}
    for entry in entries:
        entry_id = entry.id or ""
        try:
            outgoing[entry_id] = _read(call, queue, entry)
        except SqsError as error:
            refused[entry_id] = error
    total = sum(one.size for one in outgoing.values())
    if total > sqs_limits.MESSAGE_BYTES_MAX:
        raise SqsError(
            BATCH_TOO_LONG, f"A batch takes {sqs_limits.MESSAGE_BYTES_MAX} bytes at most; this one has {total}."
        )
    results = await call.engine.send_many([one.message for one in outgoing.values()])
    successful: list[dict[str, Any]] = []
    for (entry_id, one), result in zip(outgoing.items(), results, strict=True):
        if isinstance(result, WipsieError):
            refused[entry_id] = result
        else:
            successful.append({"Id": entry_id, **_sent(queue, one, result)})
    return batch_answer(successful, [failed(entry_id, error) for entry_id, error in refused.items()])


def _read(call: Call, queue: QueueSettings, given: MessageInput) -> _Outgoing:
    body = given.message_body
    if not body:
        raise missing("MessageBody")
    check_text(body)
    attributes: dict[str, Attribute] = {}
    asked: dict[str, Attribute] = {}
    system: dict[str, Attribute] = {}
    wishes = _NO_WISHES
    size = len(body) if body.isascii() else len(body.encode())
    if given.message_attributes:
        own, extensions = split_extensions(given.message_attributes)
        attributes = read_attributes(own)
        size += attribute_bytes(attributes)
        if extensions:
            strict = call.means.strictness is not None
            wishes, asked = read_wishes(extensions, queue, call.engine.capabilities, strict=strict)
    if given.message_system_attributes:
        system = read_system_attributes(given.message_system_attributes)
    if size > queue.message_bytes_max:
        raise SqsError(
            INVALID_PARAMETER,
            f"One or more parameters are invalid. Reason: Message must be shorter than {queue.message_bytes_max} bytes.",
        )
    delay_s: float | None = given.delay_seconds
    if given.delay_seconds is not None:
        check_number("DelaySeconds", given.delay_seconds, 0, sqs_limits.DELAY_S_MAX)
    if given.message_group_id is not None:
        check_key("MessageGroupId", given.message_group_id)
    if queue.fifo:
        _check_fifo(queue, given)
        # A FIFO queue has one delay for all its messages.
        delay_s = None
    elif given.message_deduplication_id is not None:
        raise invalid(
            "MessageDeduplicationId",
            given.message_deduplication_id,
            "It is for FIFO queues; this one is a standard queue.",
        )
    if wishes.delay_s is not None:
        delay_s = wishes.delay_s
    message = NewMessage(
        queue=queue.name,
        body=body,
        message_id=new_message_id(),
        attributes=stored_with_trace(attributes, system) or None,
        priority=wishes.priority,
        delay_s=delay_s,
        group_id=given.message_group_id,
        deduplication_id=given.message_deduplication_id,
    )
    # Clients check the digest of all they sent.
    return _Outgoing(message, attributes | asked if asked else attributes, system, size)


def _check_fifo(queue: QueueSettings, given: MessageInput) -> None:
    if given.delay_seconds:
        raise invalid("DelaySeconds", given.delay_seconds, "On a FIFO queue the delay is an attribute of the queue.")
    if given.message_deduplication_id is not None:
        check_key("MessageDeduplicationId", given.message_deduplication_id)
    elif not queue.content_based_deduplication:
        raise SqsError(
            INVALID_PARAMETER,
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )


def _sent(queue: QueueSettings, outgoing: _Outgoing, result: SendResult) -> Output:
    answer: Output = {"MessageId": result.message_id, "MD5OfMessageBody": md5_of_text(outgoing.message.body)}
    if outgoing.attributes:
        answer["MD5OfMessageAttributes"] = md5_of_attributes(outgoing.attributes)
    if outgoing.system:
        answer["MD5OfMessageSystemAttributes"] = md5_of_attributes(outgoing.system)
    if queue.fifo:
        answer["SequenceNumber"] = f"{result.sequence_number:020d}"
    return answer


SEND_MESSAGE = Operation("SendMessage", SendMessageInput, send_message)
SEND_MESSAGE_BATCH = Operation("SendMessageBatch", SendMessageBatchInput, send_message_batch)
