"""The sealed form written down a second time, from `docs/reference/sealed-objects.md` and from nothing in `src`: two programs that
were made apart agree on the bytes, or the format changed."""

from __future__ import annotations

import hashlib
import random
import struct
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 262_144
KEK = hashlib.sha256(b"a key-encryption key of the tests").digest()
OLD_KEK = hashlib.sha256(b"another one").digest()


@lru_cache(maxsize=32)
def content_of(size: int) -> bytes:
    """Bytes that are the same at every run, and nowhere alike."""
    return random.Random(size).randbytes(size)


def derive(kek: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, None, b"wipsie sealing\x00" + purpose.encode()).derive(kek)


def write_object(data_key: bytes, object_id: str, content: bytes, prefix: bytes, chunk_bits: int = 18) -> bytes:
    header = struct.pack(">6sBB8s", b"wipsie", 1, chunk_bits, prefix)
    size = 2**chunk_bits
    chunks = [content[start : start + size] for start in range(0, len(content), size)] or [b""]
    out = [header]
    for number, chunk in enumerate(chunks):
        last = number == len(chunks) - 1
        associated = header + struct.pack(">I?", number, last) + object_id.encode()
        out.append(AESGCM(data_key).encrypt(prefix + struct.pack(">I", number), chunk, associated))
    return b"".join(out)


def read_object(data_key: bytes, object_id: str, sealed: bytes) -> bytes:
    header, body = sealed[:16], sealed[16:]
    magic, version, chunk_bits, prefix = struct.unpack(">6sBB8s", header)
    assert (magic, version) == (b"wipsie", 1)
    size = 2**chunk_bits + 16
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    out: list[bytes] = []
    for number, chunk in enumerate(chunks):
        associated = header + struct.pack(">I?", number, number == len(chunks) - 1) + object_id.encode()
        out.append(AESGCM(data_key).decrypt(prefix + struct.pack(">I", number), chunk, associated))
    return b"".join(out)


def open_extended(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """XAES-256-GCM by its one-line description: a counter KDF over CMAC, then AES-256-GCM."""
    nonce = sealed[:24]
    derived = b""
    for counter in (1, 2):
        mac = CMAC(algorithms.AES(key))
        mac.update(struct.pack(">HBB", counter, ord("X"), 0) + nonce[:12])
        derived += mac.finalize()
    return AESGCM(derived).decrypt(nonce[12:], sealed[24:], associated)


def unwrap(kek: bytes, object_id: str, encoded: bytes) -> bytes:
    """A data key out of the 81 bytes of its column."""
    kek_id = derive(kek, "key id")[:8]
    assert encoded[:9] == b"\x01" + kek_id
    associated = b"wipsie wrapped key\x00\x01" + kek_id.hex().encode() + object_id.encode()
    return open_extended(derive(kek, "wrap data keys"), encoded[9:], associated)


def read_value(kek: bytes, purpose: str, place: tuple[str, str, str], sealed: bytes) -> bytes:
    associated = b"wipsie sealed value\x00" + sealed[:9]
    for part in place:
        associated += struct.pack(">I", len(part.encode())) + part.encode()
    return open_extended(derive(kek, f"value: {purpose}"), sealed[9:], associated)
