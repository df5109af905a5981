"""A key seals no more chunks than the limit of the format, and opens no more."""

from __future__ import annotations

import pytest

from wipsie.blobs.sealing import SealBroken
from wipsie.blobs.sealing.chunk_cipher import ChunkCipher
from wipsie.blobs.sealing.format import CHUNK_BITS, Header
from wipsie.kernel.errors import InvalidInput

HEADER = Header(chunk_bits=CHUNK_BITS, prefix=b"\x01" * 8)


def test_the_last_number_that_is_allowed_is_sealed_and_the_next_is_not() -> None:
    cipher = ChunkCipher(b"\x05" * 32, "rep_1", HEADER)
    sealed = cipher.seal(HEADER.chunks_max - 1, b"end", last=True)
    assert cipher.open(HEADER.chunks_max - 1, sealed, last=True) == b"end"
    with pytest.raises(InvalidInput):
        cipher.seal(HEADER.chunks_max, b"behind", last=True)
    with pytest.raises(SealBroken):
        cipher.open(HEADER.chunks_max, sealed, last=True)


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_data_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ChunkCipher(b"\x05" * length, "rep_1", HEADER)
