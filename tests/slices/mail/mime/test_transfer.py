"""Parts are decoded piece by piece, and no piece shows in what comes out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.digests import LinesDigest
from wipsie.slices.mail.domain.mime.transfer import CHUNK_BYTES, decoded_chunks

BYTES = random.Random(1).randbytes(3 * CHUNK_BYTES)


def decoded(content: bytes, encoding: str) -> tuple[list[bytes], tuple[str, ...]]:
    defects = Defects()
    return list(decoded_chunks(content, 0, len(content), encoding, defects)), defects.sentences()


@pytest.mark.parametrize("line", [1, 57, 76, CHUNK_BYTES, 10 * CHUNK_BYTES])
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_base64_may_have_lines_of_any_length(line: int, cut: int) -> None:
    content = BYTES[: len(BYTES) - cut] if line > 1 else BYTES[: 10_000 - cut]
    letters = base64.b64encode(content)
    encoded = b"\r\n".join(letters[start : start + line] for start in range(0, len(letters), line))
    chunks, defects = decoded(encoded, "base64")
    assert (b"".join(chunks), defects) == (content, ())
    assert max(map(len, chunks)) <= CHUNK_BYTES


@pytest.mark.parametrize("shift", range(12))
def test_an_escape_lies_on_the_edge_of_two_pieces(shift: int) -> None:
    encoded = b"x" * (CHUNK_BYTES - shift) + b"=C3=BC=\r\n=3D=\n" + b"y" * CHUNK_BYTES + b"=20"
    chunks, defects = decoded(encoded, "quoted-printable")
    assert (b"".join(chunks), defects) == (binascii.a2b_qp(encoded), ())
    assert len(chunks) > 2


@pytest.mark.parametrize("shift", range(3))
def test_escapes_alone_are_as_many_bytes_as_there_are_escapes(shift: int) -> None:
    encoded = b"x" * shift + b"=41" * CHUNK_BYTES
    chunks, _ = decoded(encoded, "quoted-printable")
    assert b"".join(chunks) == b"x" * shift + b"A" * CHUNK_BYTES


def test_uuencoded_lines_are_joined() -> None:
    lines = b"".join(binascii.b2a_uu(BYTES[start : start + 45]) for start in range(0, 9_000, 45))
    chunks, defects = decoded(b"any words\nbegin 644 name\n" + lines + b"`\nend\nmore words\n", "uu")
    assert (b"".join(chunks), defects) == (BYTES[:9_000], ())


@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "uu", "identity"]))
def test_nothing_grows_by_decoding(content: bytes, encoding: str) -> None:
    chunks, _ = decoded(content, encoding)
    assert sum(map(len, chunks)) <= len(content)


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"\n\n", b"b\r", b""]), max_size=20))
def test_a_digest_of_lines_is_the_same_for_all_line_ends_and_pieces(pieces: list[bytes]) -> None:
    digest = LinesDigest()
    for piece in pieces:
        digest.update(piece)
    whole = b"".join(pieces).replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n")
    assert digest.hexdigest() == hashlib.sha256(whole).hexdigest()


def test_a_digest_of_lines_keeps_many_of_them_apart() -> None:
    digest = LinesDigest()
    for piece in (b"a", b"\n" * 200_000, b"b"):
        digest.update(piece)
    assert digest.hexdigest() == hashlib.sha256(b"a" + b"\n" * 200_000 + b"b").hexdigest()
