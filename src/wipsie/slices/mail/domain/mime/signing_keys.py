"""Public keys from TXT records, as DKIM has them (RFC 6376, section 3.6.1; RFC 8463), with bounds on what is computed."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

RSA_BITS_MIN = 1024
"""RFC 8301, section 3.2."""
RSA_BITS_MAX = 8192
EXPONENT_MAX = 2**32
RECORD_BYTES_MAX = 4_096

PublicKey = RSAPublicKey | Ed25519PublicKey


class KeyRefused(Exception):
    """The record holds no key for this signature, and never will."""


class KeyTooWeak(Exception):
    """The key is shorter than `RSA_BITS_MIN`: anybody can sign with it."""


def read_key(record: bytes, key_type: str) -> PublicKey:
    """The key in a record. `key_type`: ``rsa`` or ``ed25519``. KeyRefused for a record that is none, is for something else, or
    was taken back; KeyTooWeak."""
    if len(record) > RECORD_BYTES_MAX:
        raise KeyRefused("The record is too long.")
    tags = _tags(record)
    if tags.get("v", "DKIM1") != "DKIM1" or tags.get("k", "rsa") != key_type:
        raise KeyRefused("The record is of another version or key type.")
    if "sha256" not in _list(tags.get("h", "sha256")) or not {"*", "email"} & _list(tags.get("s", "*")):
        raise KeyRefused("The key is not for SHA-256, or not for mail.")
    try:
        content = base64.b64decode("".join(tags.get("p", "").split()))
    except (binascii.Error, ValueError):
        raise KeyRefused("The key is not base64.") from None
    if not content:
        raise KeyRefused("The key was taken back.")
    return _rsa_key(content) if key_type == "rsa" else _ed25519_key(content)


def is_for_whole_domain(record: bytes) -> bool:
    """Whether the key is not for subdomains in ``i=`` (flag ``s``)."""
    return "s" in _list(_tags(record).get("t", ""))


def _rsa_key(content: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("The key is none.") from None
    if not isinstance(key, RSAPublicKey):
        raise KeyRefused("The key is not for RSA.")
    if key.key_size < RSA_BITS_MIN:
        raise KeyTooWeak(f"The key has {key.key_size} bits.")
    if key.key_size > RSA_BITS_MAX or key.public_numbers().e > EXPONENT_MAX:
        raise KeyRefused("The key is too large to compute with.")
    return key


def _ed25519_key(content: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(content)
    except ValueError:
        raise KeyRefused("The key is none.") from None


def _tags(record: bytes) -> dict[str, str]:
    """The first of each name; what is no ``name=value`` says nothing."""
    tags: dict[str, str] = {}
    for written in record.decode("utf-8", errors="replace").split(";"):
        name, equals, value = written.partition("=")
        if equals:
            tags.setdefault(name.strip(), value.strip())
    return tags


def _list(value: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in value.split(":"))
