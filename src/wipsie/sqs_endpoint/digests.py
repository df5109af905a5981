"""MD5 digests of what was sent and received, which the SDKs for Java, JavaScript, Go, .NET and Ruby check."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from wipsie.queue.contract import Attribute

_TEXT, _BINARY = b"\x01", b"\x02"


def md5_of_text(text: str) -> str:
    """Hex digest of the UTF-8 bytes."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Mapping[str, Attribute]) -> str:
    """Hex digest over name, type and value of each, by name, every part with its length in front."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        is_binary = attribute.data_type.startswith("Binary")
        value = raw_bytes(attribute.value) if is_binary else attribute.value.encode()
        digest.update(_sized(name.encode()))
        digest.update(_sized(attribute.data_type.encode()))
        digest.update(_BINARY if is_binary else _TEXT)
        digest.update(_sized(value))
    return digest.hexdigest()


def raw_bytes(text: str) -> bytes:
    """The bytes of a Binary attribute. What other doors stored without base64 is taken as it is."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
