"""What few messages have, as one JSON text: attributes, deduplication id, redrive count, origin, dead letter."""

from __future__ import annotations

import msgspec

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import Attribute, DeadLetter, Delivery


class Extras(msgspec.Struct, omit_defaults=True):
    """The rarely used fields of a message; nothing is stored when there is nothing to tell."""

    attributes: dict[str, Attribute] = {}
    deduplication_id: str | None = None
    redrive_count: int = 0
    origin: QueueName | None = None
    dead_letter: DeadLetter | None = None


_decoder = msgspec.json.Decoder(Extras)
_encoder = msgspec.json.Encoder()


def read_extras(text: str | None) -> Extras:
    """Extras of a stored message; empty for None."""
    return _decoder.decode(text) if text else Extras()


def add_extras(delivery: Delivery, text: str) -> None:
    """Complete a delivery with the extras it was stored with."""
    extras = _decoder.decode(text)
    delivery.attributes = extras.attributes
    delivery.deduplication_id = extras.deduplication_id
    delivery.redrive_count = extras.redrive_count
    delivery.dead_letter = extras.dead_letter


def write_extras(extras: Extras) -> str | None:
    """Text to store, None when there is nothing to tell."""
    text = _encoder.encode(extras)
    return None if text == b"{}" else text.decode()
