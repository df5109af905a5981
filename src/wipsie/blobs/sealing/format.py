"""The form of a sealed object, and the arithmetic of its sizes.

    object  =  header ‖ chunk 0 ‖ chunk 1 ‖ … ‖ chunk n
    header  =  "wipsie" (6) ‖ version (1) ‖ chunk bits (1) ‖ nonce prefix (8)
    chunk   =  AES-256-GCM(data key, nonce, associated data, content of the chunk) ‖ tag (16)
    nonce   =  nonce prefix (8) ‖ chunk number (4, big-endian)
    associated data  =  header (16) ‖ chunk number (4, big-endian) ‖ 1 if it is the last, else 0 (1) ‖ object id (UTF-8)

Every chunk but the last holds 2^(chunk bits) bytes, the last from one byte to that many; an empty object is one empty chunk.
So content of one length has sealed bytes of one length, and there is one way to part it.

What is found: a changed byte (tag); a chunk moved, left out or doubled (number in nonce and associated data); an end cut off
or bytes put behind it, at a chunk's end too (the flag: the chunk that is last now was not, or was and is not); another object
in its place, or chunks of another (object id, and a key of its own for each object); another header (it is part of the
associated data of every chunk). The id of the key-encryption key is not in here: it changes when keys are rotated, and the
object does not.

The fields before the object id have fixed lengths, so two different sets of fields are never the same associated data.

**Why no nonce repeats.** A repeated nonce is the one thing GCM does not survive: it shows the XOR of two contents and gives away
the key of the authentication. Here it would take one key with one nonce twice. A data key is 32 bytes from the system's
generator, made where the sealing starts, used for that one pass over the content and given to nobody but its wrapping
(`streams.PieceSealer`); a pass that fails is begun again with another key. Within a pass the number counts up from 0 and never
wraps: an object has at most 2^20
chunks. So nonces are deterministic, as NIST SP 800-38D section 8.2.1 wants them, and the limit of
2^32 messages for random nonces (section 8.3) is not one for us. The random prefix is there for the day somebody breaks the
rule of one key for one pass: two passes under one key would then still have to meet in 64 random bits.

**How much one key may do.** Bounds of draft-irtf-cfrg-aead-limits, for one key, s blocks of 16 bytes in q chunks of at most l
blocks, v tries to forge: confidentiality (s + q + 1)² / 2^129, integrity 2·v·(l + 1) / 2^128. With `OBJECT_BYTES_MAX` = 64 GiB,
s = 2^32 and q = 2^18: 2^-65, where TLS 1.3 is content with 2^-60. With chunks of 256 KiB, l = 2^14: one try forges a chunk with
2^-113, and 2^50 tries with 2^-63. A single GCM message may have 2^36 - 32 bytes (SP 800-38D section 5.2.1.1); a chunk has at
most 2^20. For many keys the bound is (blocks in all)·(blocks under one key) / 2^127: a thousand million objects
of 1 MiB, 2^-65.

**What GCM does not give.** It does not commit to its key: who chooses two keys can make one object that opens differently under
each. Nobody chooses keys here: one comes to `open_pieces` only out of a wrapping that is authentic for this object id, which takes
the key-encryption key to make. Lengths are not hidden: the sealed size tells the size of the content.

**Why these chunks.** Content is given out by whole chunks, each proved first, and three of them are in memory at a time. 256 KiB
are sealed in a tenth of a millisecond, during which the interpreter may be held; smaller ones cost calls (64 KiB: a third
slower), larger ones gain nothing. A reader takes any size from 64 KiB to 1 MiB.
"""

from __future__ import annotations

import secrets

import msgspec

from wipsie.blobs.sealing.errors import SealBroken
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.limits import KIB

MAGIC = b"wipsie"
VERSION = 1
PREFIX_BYTES = 8
HEADER_BYTES = 16
TAG_BYTES = 16
CHUNK_BITS = 18
"""Of what is written: chunks of 256 KiB."""
CHUNK_BITS_READ = range(16, 21)
"""Of what is read: chunks of 64 KiB to 1 MiB."""
OBJECT_BYTES_MAX = 64 * KIB**3
OBJECT_ID_BYTES_MAX = 256


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What an object begins with."""

    chunk_bits: int
    prefix: bytes

    @classmethod
    def fresh(cls) -> Header:
        """For a new object."""
        return cls(chunk_bits=CHUNK_BITS, prefix=secrets.token_bytes(PREFIX_BYTES))

    @property
    def chunk_bytes(self) -> int:
        """Content of every chunk but the last."""
        return 1 << self.chunk_bits

    @property
    def chunks_max(self) -> int:
        """Far below 2^32, so the number of a chunk fits into its four bytes."""
        return OBJECT_BYTES_MAX >> self.chunk_bits

    def encode(self) -> bytes:
        """As it is stored."""
        return MAGIC + bytes((VERSION, self.chunk_bits)) + self.prefix


def read_header(raw: bytes) -> Header:
    """SealBroken for anything but the header of a version we read."""
    if len(raw) != HEADER_BYTES or not raw.startswith(MAGIC):
        raise SealBroken("This is no sealed object, or its beginning was changed; restore it from a copy.")
    version, chunk_bits = raw[len(MAGIC)], raw[len(MAGIC) + 1]
    if version != VERSION or chunk_bits not in CHUNK_BITS_READ:
        raise SealBroken(
            "The sealed object is of a form that is not known: it was changed, or a newer Wipsie wrote it.",
            details={"version": version, "chunk_bits": chunk_bits},
        )
    return Header(chunk_bits=chunk_bits, prefix=raw[-PREFIX_BYTES:])


def object_id_bytes(object_id: str) -> bytes:
    """An object id as it is bound to what it names. InvalidInput when it is empty, too long, or no text that can be written."""
    try:
        encoded = object_id.encode()
    except UnicodeEncodeError:
        encoded = b""
    if not 0 < len(encoded) <= OBJECT_ID_BYTES_MAX:
        raise InvalidInput(f"The id of a sealed object has 1 to {OBJECT_ID_BYTES_MAX} bytes of text.")
    return encoded


def sealed_size(size: int, chunk_bits: int = CHUNK_BITS) -> int:
    """Bytes of a sealed object with `size` bytes of content. InvalidInput for more than `OBJECT_BYTES_MAX`."""
    if size > OBJECT_BYTES_MAX:
        raise InvalidInput(
            f"An object of {size} bytes is more than one key may seal ({OBJECT_BYTES_MAX}); seal it in parts.",
            details={"size": size, "bytes_max": OBJECT_BYTES_MAX},
        )
    chunks = max(1, -(-size >> chunk_bits))
    return HEADER_BYTES + size + chunks * TAG_BYTES
