"""JSON in one place: fast encode and decode, and one canonical form for hashes and comparisons."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
_canonical_encoder = msgspec.json.Encoder(order="sorted")
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()

encode = _encoder.encode
"""Python value to compact UTF-8 JSON bytes; raises TypeError for what JSON cannot hold."""

decode = _decoder.decode
"""JSON bytes or text to Python values; raises msgspec.DecodeError on malformed input."""


def encode_text(value: Any) -> str:
    """`encode` as text, for stores that keep JSON as text."""
    return _encoder.encode(value).decode()


def canonical(value: Any) -> bytes:
    """One byte sequence per value: sorted keys, no spaces. The input of hashes and signatures."""
    return _canonical_encoder.encode(value)


def fingerprint(value: Any) -> str:
    """SHA-256 hex of the canonical form: equal for equal values, whatever their key order."""
    return hashlib.sha256(canonical(value)).hexdigest()
