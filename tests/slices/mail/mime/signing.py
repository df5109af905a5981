"""Signs mails as senders and forwarders do, by the means of dkimpy.

dkimpy itself signs with Ed25519 and seals chains only beside libraries that are not needed to check either, so the last step
of those is done here.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any, cast

import dkim
import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim.canonicalization import CanonicalizationPolicy

MESSAGE = (
    b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: a  folded\r\n subject\r\n"
    b"Date: Fri, 01 Sep 2023 09:38:21 +0000\r\n\r\nFirst  line \r\nsecond\tline\r\n\r\n\r\n"
)
DOMAIN = b"example.org"
_dkim = cast("Any", dkim)


class Key(msgspec.Struct, frozen=True):
    """A private key, and the record that tells the public one."""

    pem: bytes
    record: bytes


@cache
def rsa_key(bits: int = 2048) -> Key:
    """The same each time."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Key(pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))


def signed_rsa(message: bytes = MESSAGE, *, selector: bytes = b"one", **options: Any) -> bytes:
    """The message with a signature of `rsa_key` on top. `options` are those of dkimpy."""
    signature: bytes = _dkim.sign(message, selector, DOMAIN, rsa_key().pem, **options)
    return signature + message


class _Ed25519:
    """A key in the form dkimpy expects of PyNaCl."""

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self.signature = b""

    def sign(self, digest: bytes) -> _Ed25519:
        self.signature = self._key.sign(digest)
        return self


def signed_ed25519(message: bytes = MESSAGE, *, selector: bytes = b"two") -> tuple[bytes, bytes]:
    """The message with a signature on top (RFC 8463), and the record of its key."""
    key = ed25519.Ed25519PrivateKey.generate()
    record = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(key.public_key().public_bytes_raw())
    forms = cast("Any", CanonicalizationPolicy).from_c_value(b"relaxed/relaxed")
    signer = _dkim.DKIM(message, signature_algorithm=b"ed25519-sha256")
    signer.hasher = hashlib.sha256
    names = [b"from", b"subject", b"date"]
    fields = [
        (b"v", b"1"),
        (b"a", b"ed25519-sha256"),
        (b"c", b"relaxed/relaxed"),
        (b"d", DOMAIN),
        (b"s", selector),
        (b"h", b" : ".join(names)),
        (b"bh", _body_hash(signer, forms)),
        (b"b", b"0" * 60),
    ]
    signature: bytes = signer.gen_header(fields, names, forms, b"DKIM-Signature", _Ed25519(key))
    return b"DKIM-Signature: " + signature + message, record


def sealed(message: bytes, instance: int, *, cv: bytes, selector: bytes = b"one") -> bytes:
    """The message with one more set of ARC on top, signed with `rsa_key` (RFC 8617, section 5.1)."""
    forms = cast("Any", CanonicalizationPolicy).from_c_value(b"relaxed/relaxed")
    signer = _dkim.ARC(message)
    signer.hasher = hashlib.sha256
    key = _dkim.parse_pem_private_key(rsa_key().pem)
    number = str(instance).encode()
    earlier = [field for _, field in signer.sorted_arc_headers()[1]]
    names = [b"from", b"subject", b"date"]
    common = [(b"a", b"rsa-sha256"), (b"d", DOMAIN), (b"s", selector)]

    def on_top(name: bytes, value: bytes) -> bytes:
        earlier.insert(0, (name, value))
        signer.headers = forms.canonicalize_headers(earlier[:1]) + signer.headers
        return name + b": " + value

    results = on_top(b"ARC-Authentication-Results", b"i=" + number + b"; mx.example.org; spf=pass\r\n")
    fields = [
        (b"i", number),
        (b"c", b"relaxed/relaxed"),
        *common,
        (b"h", b" : ".join(names)),
        (b"bh", _body_hash(signer, forms)),
        (b"b", b"0" * 60),
    ]
    signature = on_top(b"ARC-Message-Signature", signer.gen_header(fields, names, forms, b"ARC-Message-Signature", key))
    fields = [(b"i", number), (b"cv", cv), *common, (b"b", b"0" * 60)]
    chain = [name.lower() for name, _ in reversed(earlier)]
    seal = b"ARC-Seal: " + signer.gen_header(fields, chain, forms, b"ARC-Seal", key)
    return seal + signature + results + message


def _body_hash(signer: Any, forms: Any) -> bytes:
    return base64.b64encode(hashlib.sha256(forms.canonicalize_body(signer.body)).digest())
