"""Message attributes: as people write them, and as Amazon SQS shows them.

Rules of names, types and values: Amazon SQS, "Message metadata" (facts of the SQS developer guide).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Any, cast

from wipsie.kernel import limits
from wipsie.kernel.errors import InvalidInput
from wipsie.queue.contract import Attribute

# One pattern for length, letters and the reserved beginnings: it is matched for each attribute of each send.
_is_name = re.compile(
    r"(?=.{1,256}\Z)(?!(?:aws|amazon)\.)[A-Z0-9_-]+(?:\.[A-Z0-9_-]+)*", re.IGNORECASE | re.ASCII
).fullmatch
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_TYPE = re.compile(r"(String|Number|Binary)(\.[^\s]{1,240})?")
_FORM = '"text", a number, or {"StringValue": "text", "DataType": "String"}'


def parse_attributes(written: Mapping[str, Any]) -> dict[str, Attribute]:
    """Attributes by name. InvalidInput names the attribute and the accepted forms."""
    if len(written) > limits.ATTRIBUTES_MAX:
        raise InvalidInput(
            f"A message carries at most {limits.ATTRIBUTES_MAX} attributes; this one has {len(written)}.",
            details={"field": "attributes", "count": len(written)},
        )
    return {name: _parse(name, value) for name, value in written.items()}


def as_sqs(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, str]]:
    """The form in which they are handed out: ``{"priority": {"StringValue": "high", "DataType": "String"}}``."""
    return {
        name: {
            "BinaryValue" if attribute.data_type.startswith("Binary") else "StringValue": attribute.value,
            "DataType": attribute.data_type,
        }
        for name, attribute in attributes.items()
    }


def _parse(name: str, value: Any) -> Attribute:
    if _is_name(name) is None:
        raise _refuse(
            name,
            "a name has 1 to 256 letters, digits, '_', '-' and single inner dots, and does not begin with AWS. or Amazon.",
        )
    if type(value) is str and value:
        return Attribute(value)
    match value:
        case str():
            return _checked(name, value, "String")
        case bool():
            return Attribute("true" if value else "false")
        case int():
            return _checked(name, str(value), "Number")
        case float():
            if not math.isfinite(value):
                raise _refuse(name, "a number must be finite")
            return Attribute(repr(value), "Number")
        case dict():
            return _parse_sqs(name, cast("dict[str, Any]", value))
        case _:
            raise _refuse(name, f"write {_FORM}")


def _parse_sqs(name: str, value: dict[str, Any]) -> Attribute:
    unknown = sorted(set(value) - {"StringValue", "BinaryValue", "DataType"})
    data_type = value.get("DataType")
    if unknown or not isinstance(data_type, str) or not _TYPE.fullmatch(data_type):
        raise _refuse(name, f"write {_FORM}; DataType is String, Number or Binary, optionally with a .label")
    field = "BinaryValue" if data_type.startswith("Binary") else "StringValue"
    text = value.get(field)
    if not isinstance(text, str) or len(value) != 2:
        raise _refuse(name, f"DataType {data_type} needs a text in {field} and nothing else")
    return _checked(name, text, data_type)


def _checked(name: str, text: str, data_type: str) -> Attribute:
    if not text:
        raise _refuse(name, "a value must not be empty")
    if data_type.startswith("Number") and not _NUMBER.fullmatch(text):
        raise _refuse(name, f"'{text[:50]}' is not a number")
    if data_type.startswith("Binary"):
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise _refuse(name, "BinaryValue must be base64") from None
    return Attribute(text, data_type)


def _refuse(name: str, problem: str) -> InvalidInput:
    return InvalidInput(
        f"Attribute '{name[:100]}': {problem}.", details={"field": f"attributes.{name[:100]}", "problem": problem}
    )
