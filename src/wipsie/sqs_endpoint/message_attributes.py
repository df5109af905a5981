"""Attributes of messages: how they are checked on their way in, and chosen on their way out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from wipsie.queue.contract import TRACE_HEADER, Attribute
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.checks import check_text
from wipsie.sqs_endpoint.digests import raw_bytes
from wipsie.sqs_endpoint.errors import INVALID_PARAMETER, UNSUPPORTED, SqsError, invalid, shown

_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_TAKEN = ("aws.", "amazon.")
_TYPE = re.compile(r"(String|Number|Binary)(\.[^\x00-\x1f]{1,249})?")
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,4})?")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_SYSTEM_NAME = "AWSTraceHeader"


class AttributeValue(msgspec.Struct, kw_only=True, rename="pascal"):
    """A typed value as clients send it; binary ones as base64, which is also how they are stored."""

    data_type: str | None = None
    string_value: str | None = None
    binary_value: str | None = None
    string_list_values: list[str] | None = None
    binary_list_values: list[str] | None = None


def read_attributes(given: Mapping[str, AttributeValue]) -> dict[str, Attribute]:
    """Attributes a message shall carry. SqsError."""
    if len(given) > sqs_limits.ATTRIBUTES_MAX:
        raise SqsError(
            INVALID_PARAMETER,
            f"A message can carry at most {sqs_limits.ATTRIBUTES_MAX} attributes; this one has {len(given)}.",
        )
    return {_checked_name(name): _read_value(name, value) for name, value in given.items()}


def read_system_attributes(given: Mapping[str, AttributeValue]) -> dict[str, Attribute]:
    """The trace header, the one system attribute that senders may set. SqsError."""
    found: dict[str, Attribute] = {}
    for name, value in given.items():
        if name != _SYSTEM_NAME:
            raise invalid("MessageSystemAttributes", name, f"Only {_SYSTEM_NAME} can be sent.")
        attribute = _read_value(name, value)
        if attribute.data_type != "String":
            raise invalid(name, attribute.data_type, "It has to be of the type String.")
        found[name] = attribute
    return found


def stored_with_trace(attributes: dict[str, Attribute], system: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """Attributes as they are stored, the trace header under a name that no sender can use."""
    trace = system.get(_SYSTEM_NAME)
    return attributes if trace is None else {**attributes, TRACE_HEADER: trace}


def attribute_bytes(attributes: Mapping[str, Attribute]) -> int:
    """Size of attributes as Amazon counts it: names, types and raw values."""
    return sum(
        len(name.encode())
        + len(one.data_type.encode())
        + len(raw_bytes(one.value) if one.data_type.startswith("Binary") else one.value.encode())
        for name, one in attributes.items()
    )


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name) or name.lower().startswith(_TAKEN):
        raise SqsError(
            INVALID_PARAMETER,
            f"'{shown(name)}' cannot name a message attribute: up to 256 letters, digits, '_', '-' and '.', no period at "
            "either end or twice in a row, and not beginning with AWS. or Amazon.",
        )
    return name


def _read_value(name: str, given: AttributeValue) -> Attribute:
    if given.string_list_values or given.binary_list_values:
        raise SqsError(UNSUPPORTED, "Message attribute list values are not supported, as on Amazon SQS.")
    match = _TYPE.fullmatch(given.data_type or "")
    if match is None:
        raise SqsError(
            INVALID_PARAMETER,
            f"The message attribute '{shown(name)}' has an invalid type: use String, Number or Binary, with or without a "
            "label such as Number.float.",
        )
    is_binary = match[1] == "Binary"
    value = given.binary_value if is_binary else given.string_value
    if not value:
        member = "BinaryValue" if is_binary else "StringValue"
        raise SqsError(
            INVALID_PARAMETER, f"The message attribute '{shown(name)}' of the type {match[1]} must hold a {member}."
        )
    if is_binary:
        value = _checked_base64(name, value)
    else:
        check_text(value)
        if match[1] == "Number" and not _NUMBER.fullmatch(value):
            raise SqsError(
                INVALID_PARAMETER, f"The value of the message attribute '{shown(name)}' cannot be read as a number."
            )
    return Attribute(value, given.data_type or "")


def _checked_base64(name: str, value: str) -> str:
    # Some senders leave the padding out.
    padded = value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)
    if not _BASE64.fullmatch(padded) or len(padded.rstrip("=")) % 4 == 1:
        raise SqsError(INVALID_PARAMETER, f"The message attribute '{shown(name)}' is not base64.")
    return padded


class AttributeFilter:
    """Which message attributes a receiver asked for: names, ``prefix.*``, or all of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._prefixes: tuple[str, ...] = ()
        self._all = False
        for name in names:
            if name.lower() in ("all", "*", ".*"):
                self._all = True
            elif name.endswith(".*"):
                self._prefixes = (*self._prefixes, name[:-1])
            else:
                self._exact.add(name)
        self._any = self._all or bool(self._exact) or bool(self._prefixes)

    def choose(self, attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
        """Those of a message that were asked for."""
        if not self._any or not attributes:
            return {}
        return {
            name: attribute
            for name, attribute in attributes.items()
            if name != TRACE_HEADER and (self._all or name in self._exact or name.startswith(self._prefixes))
        }


def shown_attributes(attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """Attributes as an answer has them."""
    return {
        name: (
            {"BinaryValue": base64.b64encode(raw_bytes(one.value)).decode(), "DataType": one.data_type}
            if one.data_type.startswith("Binary")
            else {"StringValue": one.value, "DataType": one.data_type}
        )
        for name, one in attributes.items()
    }
