"""Attributes of a message: as SQS message attributes where SQS takes them, so that any client reads and writes them."""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from wipsie.queue.backends.sqs.envelope import ATTRIBUTE_NAME, is_sendable
from wipsie.queue.backends.sqs.sqs_limits import MESSAGE_ATTRIBUTES_MAX
from wipsie.queue.contract import Attribute

_NAME = re.compile(r"(?!(?i:aws|amazon)\.)(?!.*\.\.)(?!\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_TYPE = re.compile(r"(String|Number|Binary)(\..{1,249})?", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d{1,38}(\.\d{0,38})?|\.\d{1,38})([eE][+-]?\d{1,3})?")

SqsAttributes = dict[str, dict[str, str | bytes]]


class ReceivedAttribute(msgspec.Struct, rename="pascal"):
    """A message attribute as the client library gives it."""

    data_type: str
    string_value: str | None = None
    binary_value: bytes | None = None


def split_attributes(attributes: dict[str, Attribute]) -> tuple[SqsAttributes, dict[str, Attribute]]:
    """(what SQS takes, what it does not). One place of ten is left for our own attribute."""
    native: SqsAttributes = {}
    ours: dict[str, Attribute] = {}
    for name, attribute in attributes.items():
        value = _native(name, attribute) if len(native) < MESSAGE_ATTRIBUTES_MAX - 1 else None
        if value is None:
            ours[name] = attribute
        else:
            native[name] = value
    return native, ours


def _native(name: str, attribute: Attribute) -> dict[str, str | bytes] | None:
    data_type, value = attribute.data_type, attribute.value
    fits = _NAME.fullmatch(name) and name != ATTRIBUTE_NAME and _TYPE.fullmatch(data_type) and is_sendable(data_type)
    if not fits or not value:
        return None
    if data_type.startswith("Binary"):
        try:
            content = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return None
        # Only text that comes back as it went.
        if not content or base64.b64encode(content).decode() != value:
            return None
        return {"DataType": data_type, "BinaryValue": content}
    if not is_sendable(value) or (data_type.startswith("Number") and not _NUMBER.fullmatch(value)):
        return None
    return {"DataType": data_type, "StringValue": value}


def read_attributes(received: dict[str, ReceivedAttribute]) -> dict[str, Attribute]:
    """Attributes as the contract knows them; Binary becomes base64 text."""
    return {
        name: Attribute(
            value=base64.b64encode(one.binary_value).decode()
            if one.binary_value is not None
            else (one.string_value or ""),
            data_type=one.data_type,
        )
        for name, one in received.items()
    }


def to_received(attribute: Attribute) -> ReceivedAttribute:
    """An attribute of the contract as the client library would have given it. Base64 that is none is kept as text."""
    if attribute.data_type.startswith("Binary"):
        try:
            return ReceivedAttribute(attribute.data_type, binary_value=base64.b64decode(attribute.value, validate=True))
        except (binascii.Error, ValueError):
            pass
    return ReceivedAttribute(attribute.data_type, string_value=attribute.value)


def attributes_bytes(attributes: SqsAttributes) -> int:
    """Size as SQS counts it: names, types and values."""
    size = 0
    for name, attribute in attributes.items():
        size += len(name)
        for value in attribute.values():
            size += len(value) if isinstance(value, bytes) else len(value.encode())
    return size
