"""How messages and queues look inside Redis: heads, members, receipts, and the fields of a queue's hash."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from wipsie.kernel import json
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.backend_kit.causes import receive_limit_cause
from wipsie.queue.backend_kit.extras import Extras
from wipsie.queue.backend_kit.refusals import receipt_invalid
from wipsie.queue.contract import DeadLetter, NewMessage, QueueSettings

LAYOUT_VERSION = "1"
SEQUENCE_DIGITS = 14
VALUE_BYTES_MIN = 65
"""Redis keeps a hash with a value of this length as a table, whatever its size."""
_RECEIPT = re.compile(r"([0-9]{1,15})-([0-9]{14}[0-2]g?d?)-([0-9a-f]{16})")


class Head(msgspec.Struct, array_like=True):
    """What never changes about a message while it stays in its queue, and is no body."""

    message_id: MessageId
    sent_at_ms: int
    group_id: str | None = None
    extras: Extras | None = None


read_head = msgspec.json.Decoder(Head).decode
"""Head from its stored JSON."""

read_dead_letter = msgspec.json.Decoder(DeadLetter).decode
"""Dead letter from its stored JSON."""


def write_message(message: NewMessage, now_ms: int) -> bytes:
    """Head and body of a new message as they are stored. Hot: called for each send."""
    if (
        message.attributes is None
        and message.group_id is None
        and message.deduplication_id is None
        and message.origin is None
    ):
        head = json.encode((message.message_id, now_ms))
    else:
        extras = Extras(
            attributes=message.attributes or {}, deduplication_id=message.deduplication_id, origin=message.origin
        )
        head = json.encode(Head(message.message_id, now_ms, message.group_id, extras))
    return join_message(head, message.body.encode())


def join_message(head: bytes, body: bytes) -> bytes:
    """Head and body as one value. The head is JSON, which has no line feeds, and may end in spaces."""
    short_by = VALUE_BYTES_MIN - len(head) - len(body) - 1
    return b"%b%b\n%b" % (head, b" " * short_by, body)


def split_message(value: bytes) -> tuple[Head, str]:
    """Head and body of a stored message."""
    head, _, body = value.partition(b"\n")
    return read_head(head), body.decode()


class ParsedReceipt(NamedTuple):
    """What a receipt says."""

    queue_id: str
    member: str
    lease: str


def write_receipt(queue_id: str, member: str, lease: str) -> Receipt:
    """The receipt of one delivery."""
    return Receipt(f"{queue_id}-{member}-{lease}")


def parse_receipt(receipt: str) -> ParsedReceipt:
    """The parts of a receipt. InvalidReceipt for text that no delivery ever carried."""
    found = _RECEIPT.fullmatch(receipt)
    if found is None:
        raise receipt_invalid(receipt)
    return ParsedReceipt(*found.groups())


def key_slots(settings: QueueSettings) -> int:
    """How many messages of one group may be active at once; 0 when groups do not matter."""
    return 1 if settings.fifo else (settings.key_concurrency or 0)


def queue_fields(settings: QueueSettings) -> list[str | int | bytes]:
    """Fields and values of a queue's hash: the settings as they are, and what scripts need of them."""
    return [
        "name",
        settings.name,
        "json_name",
        json.encode(settings.name),
        "settings",
        json.encode(settings),
        "fifo",
        int(settings.fifo),
        "key_slots",
        key_slots(settings),
        "paused",
        int(settings.paused),
        "visibility_timeout_ms",
        int(settings.visibility_timeout_s * 1000),
        "retention_ms",
        settings.retention_s * 1000,
        "aging_ms",
        int(settings.aging_s * 1000),
        "max_messages",
        -1 if settings.max_messages is None else settings.max_messages,
        "max_receive_count",
        settings.max_receive_count,
        "dead_letter_queue",
        settings.dead_letter_queue or "",
        "receive_limit_cause",
        json.encode(receive_limit_cause(settings.max_receive_count)),
    ]


class FirstSend(msgspec.Struct, array_like=True):
    """What is remembered with a deduplication id beside sequence number and time."""

    message_id: MessageId
    fingerprint: str | None = None


_read_first_send = msgspec.json.Decoder(FirstSend).decode


def read_first_send(record: bytes) -> tuple[FirstSend, int, int]:
    """(what was remembered, sequence number, sent at in ms) of a record in a queue's `dedup`."""
    _, sequence, sent_at, memory = record.split(b":", 3)
    return _read_first_send(memory), int(sequence), int(sent_at)


class LeaseRecord(NamedTuple):
    """A message's record in `leases`."""

    receive_count: int
    first_received_at_ms: int | None


def read_lease_record(record: bytes) -> LeaseRecord:
    """Receive count and time of the first receive; zero and None for a message never received."""
    if not record:
        return LeaseRecord(0, None)
    _, count, first = record.split(b":")
    return LeaseRecord(int(count), int(first))


class KnownQueue:
    """A queue as this process saw it last. Scripts that act on `settings` check that `version` is still current."""

    __slots__ = ("queue_id", "settings", "takes_all", "version")

    def __init__(self, queue_id: str, version: str, settings: QueueSettings) -> None:
        self.queue_id = queue_id
        self.version = version
        self.settings = settings
        self.takes_all = not (
            key_slots(settings)
            or settings.delay_s
            or settings.content_based_deduplication
            or settings.max_messages is not None
        )
        """A message that asks for nothing special is simply ready here: there is nothing to decide."""

    @property
    def name(self) -> QueueName:
        return self.settings.name
