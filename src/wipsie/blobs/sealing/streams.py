"""Content to sealed bytes and back, chunk by chunk: however large an object is, a few chunks of it are in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Protocol

from wipsie.blobs.sealing.chunk_cipher import DATA_KEY_BYTES, ChunkCipher
from wipsie.blobs.sealing.errors import SealBroken
from wipsie.blobs.sealing.format import CHUNK_BITS, HEADER_BYTES, TAG_BYTES, Header, object_id_bytes, read_header
from wipsie.blobs.sealing.key_ring import KeyRing
from wipsie.blobs.sealing.wrapped_key import WrappedKey

_READ_BYTES = 1 << CHUNK_BITS


class Source(Protocol):
    """Anything that is read like a file."""

    def read(self, size: int, /) -> bytes: ...


class PieceSealer:
    """Seals one object of content that comes piece by piece, of whatever sizes: `header`, then what `feed` gives, then `end`.

    The data key is made here, for this one pass, and leaves only wrapped. Blocks for as long as sealing takes.
    """

    def __init__(self, ring: KeyRing, object_id: str) -> None:
        """InvalidInput for a bad id."""
        data_key = secrets.token_bytes(DATA_KEY_BYTES)
        header = Header.fresh()
        self._cipher = ChunkCipher(data_key, object_id, header)
        self._chunk_bytes = header.chunk_bytes
        self._number = 0
        self._waiting = bytearray()
        self.header = header.encode()
        self.wrapped = ring.wrap(data_key, object_id)
        self.size = 0
        """Of the content so far, in bytes."""

    def feed(self, content: bytes) -> bytes:
        """Sealed chunks that are whole; one is held back, as it may be the last. InvalidInput for an object that is too large."""
        self.size += len(content)
        self._waiting += content
        sealed: list[bytes] = []
        while len(self._waiting) > self._chunk_bytes:
            chunk = bytes(self._waiting[: self._chunk_bytes])
            del self._waiting[: self._chunk_bytes]
            sealed.append(self._cipher.seal(self._number, chunk, last=False))
            self._number += 1
        return b"".join(sealed)

    def end(self) -> bytes:
        """The last chunk; nothing may be fed after it."""
        return self._cipher.seal(self._number, bytes(self._waiting), last=True)


def seal_pieces(ring: KeyRing, object_id: str, source: Source) -> tuple[WrappedKey, Iterator[bytes]]:
    """The wrapped key of a new object, and its sealed bytes in pieces. Iterating reads `source` and blocks.

    InvalidInput for a bad id or an object that is too large.
    """
    sealer = PieceSealer(ring, object_id)
    return sealer.wrapped, _sealed(sealer, source)


def open_pieces(data_key: bytes, object_id: str, source: Source) -> Iterator[bytes]:
    """The content in pieces, each proved to be what was sealed at its place. SealBroken.

    Whether the end is the end is known with the last piece: what came before is genuine, and may be too little. Who must not act on
    part of an object iterates to the end first. Iterating reads `source` and blocks.
    """
    object_id_bytes(object_id)
    return _opened(data_key, object_id, source)


def _sealed(sealer: PieceSealer, source: Source) -> Iterator[bytes]:
    yield sealer.header
    while content := source.read(_READ_BYTES):
        if sealed := sealer.feed(content):
            yield sealed
    yield sealer.end()


def _opened(data_key: bytes, object_id: str, source: Source) -> Iterator[bytes]:
    header = read_header(_read(source, HEADER_BYTES))
    sealed_chunk_bytes = header.chunk_bytes + TAG_BYTES
    cipher = ChunkCipher(data_key, object_id, header)
    number = 0
    sealed = _read(source, sealed_chunk_bytes)
    while True:
        following = _read(source, sealed_chunk_bytes) if len(sealed) == sealed_chunk_bytes else b""
        content = cipher.open(number, sealed, last=not following)
        if number and not content:
            # Only an empty object has an empty chunk: there is one way to part content into chunks.
            raise SealBroken("The sealed object has a chunk too many.", details={"object_id": object_id})
        yield content
        if not following:
            return
        number, sealed = number + 1, following


def _read(source: Source, size: int) -> bytes:
    """`size` bytes, or all there are: a pipe gives less than it is asked for."""
    piece = source.read(size)
    if len(piece) in (0, size):
        return piece
    pieces = [piece]
    missing = size - len(piece)
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
