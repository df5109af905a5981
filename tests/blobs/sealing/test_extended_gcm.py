"""XAES-256-GCM as C2SP describes it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealed_form import open_extended

from wipsie.blobs.sealing.extended_gcm import ExtendedGcm

NONCE = b"ABCDEFGHIJKLMNOPQRSTUVWX"


# Source: https://c2sp.org/XAES-256-GCM, "Test vectors". Of the two, one has the highest bit of L set.
@pytest.mark.parametrize(
    ("key", "associated", "sealed"),
    [
        (b"\x01" * 32, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (b"\x03" * 32, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ],
)
def test_the_published_vectors_open(key: bytes, associated: bytes, sealed: str) -> None:
    assert ExtendedGcm(key).open(NONCE + bytes.fromhex(sealed), associated) == b"XAES-256-GCM"


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.binary(max_size=60))
def test_what_is_sealed_opens_here_and_with_a_plain_cmac(key: bytes, content: bytes, associated: bytes) -> None:
    sealed = ExtendedGcm(key).seal(content, associated)
    assert len(sealed) == len(content) + 40
    assert ExtendedGcm(key).open(sealed, associated) == content
    assert open_extended(key, sealed, associated) == content


def test_anything_else_does_not_open() -> None:
    cipher = ExtendedGcm(b"\x01" * 32)
    sealed = cipher.seal(b"content", b"place")
    assert cipher.open(sealed, b"another place") is None
    assert ExtendedGcm(b"\x02" * 32).open(sealed, b"place") is None
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        assert cipher.open(bytes(changed), b"place") is None
        assert cipher.open(sealed[:position], b"place") is None


def test_nonces_do_not_repeat() -> None:
    cipher = ExtendedGcm(b"\x01" * 32)
    assert len({cipher.seal(b"", b"")[:24] for _ in range(1_000)}) == 1_000


def test_threads_may_share_it() -> None:
    cipher = ExtendedGcm(b"\x01" * 32)

    def there_and_back(number: int) -> bool:
        content = b"%d" % number
        return all(cipher.open(cipher.seal(content, content), content) == content for _ in range(200))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(there_and_back, range(4)))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ExtendedGcm(b"\x01" * length)
