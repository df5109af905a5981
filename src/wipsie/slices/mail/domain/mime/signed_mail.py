"""What is needed to check one signature after the other of one mail: its fields, digests of its body, the keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, cast

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from dkim.canonicalization import CanonicalizationPolicy

from wipsie.slices.mail.domain.mime.body_forms import lines_of, relaxed_body, simple_body
from wipsie.slices.mail.domain.mime.key_records import BadSignature, KeyRecords
from wipsie.slices.mail.domain.mime.signing_keys import (
    KeyRefused,
    KeyTooWeak,
    is_for_whole_domain,
    read_key,
)

NAMES_MAX = 500
"""Of fields one signature covers."""
_KEY_TYPES = {b"rsa-sha256": "rsa", b"ed25519-sha256": "ed25519"}
"""SHA-1 proves nothing any more (RFC 8301, section 3.1)."""

Tags = Mapping[bytes, bytes]
"""Of a signature."""
RawField = tuple[bytes, bytes]
"""Name and value, with CRLF at its folds and at its end."""


class SignedMail:
    """One mail. Looks each key up once, and hashes each form of the body once."""

    def __init__(self, fields: list[RawField], body: bytes, dns_txt: Callable[[bytes], bytes | None]) -> None:
        self.fields = fields
        self._body = _Body(body)
        self._keys = KeyRecords(dns_txt)

    def check(self, tags: Tags, names: list[bytes], field: RawField) -> None:
        """Checks the signature in a field against the mail. `names`: of the fields it covers, in lower case. BadSignature, or
        whatever dkimpy raises for tags that are none."""
        key_type = _KEY_TYPES.get(tags[b"a"])
        if key_type is None or len(names) > NAMES_MAX:
            raise BadSignature("permerror")
        forms: Any = cast("Any", CanonicalizationPolicy).from_c_value(tags.get(b"c", b"simple/simple"))
        if b"bh" in tags:
            length = int(tags[b"l"]) if b"l" in tags else None
            if self._body.digest(forms.body_algorithm.name, length) != _decoded(tags[b"bh"]):
                raise BadSignature("fail")
        record = self._keys.record(tags[b"s"], tags[b"d"])
        identity = tags.get(b"i", b"").rpartition(b"@")
        if identity[1] and is_for_whole_domain(record) and identity[2].lower() != tags[b"d"].lower():
            raise BadSignature("permerror")
        signed = _Signed()
        # A second From must not slip in beneath a signature that covers one.
        covered = [*names, b"from"] if b"from" in names else names
        cast("Any", dkim).hash_headers(signed, forms, forms.canonicalize_headers(self.fields), covered, field, tags)
        _verify(record, key_type, _decoded(tags[b"b"]), bytes(signed.content))


def _verify(record: bytes, key_type: str, signature: bytes, content: bytes) -> None:
    try:
        key = read_key(record, key_type)
        if isinstance(key, RSAPublicKey):
            key.verify(signature, content, PKCS1v15(), SHA256())
        else:
            # RFC 8463, section 3: the digest is what is signed.
            key.verify(signature, hashlib.sha256(content).digest())
    except KeyTooWeak:
        raise BadSignature("policy") from None
    except KeyRefused:
        raise BadSignature("permerror") from None
    except InvalidSignature:
        raise BadSignature("fail") from None


def _decoded(value: bytes) -> bytes:
    return base64.b64decode(b"".join(value.split()))


class _Signed:
    """Collects what a signature covers, where dkimpy expects a hash."""

    def __init__(self) -> None:
        self.content = bytearray()

    def update(self, data: bytes) -> None:
        self.content += data


class _Body:
    def __init__(self, body: bytes) -> None:
        self._lines = lines_of(body)
        self._digests: dict[tuple[bytes, int | None], bytes] = {}
        self._lengths: dict[bytes, int] = {}

    def digest(self, form: bytes, length: int | None) -> bytes:
        """SHA-256 of the first `length` bytes of a form, None for all. BadSignature when that leaves something out, which
        anybody may have added, or when there is less."""
        if (form, length) not in self._digests:
            body = relaxed_body(self._lines) if form == b"relaxed" else simple_body(self._lines)
            self._lengths[form] = len(body)
            self._digests[form, length] = hashlib.sha256(body if length is None else body[:length]).digest()
        if length is not None and length != self._lengths[form]:
            raise BadSignature("policy" if length < self._lengths[form] else "permerror")
        return self._digests[form, length]
