"""The form of sealed objects, keys and values is fixed: what was sealed by any release opens, byte for byte."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from sealed_form import CHUNK, KEK, content_of, derive, read_object, read_value, unwrap, write_object

from wipsie.blobs.sealing import KeyRing, Place, SealBroken, WrappedKey, keyed_token, open_value, seal_value
from wipsie.blobs.sealing.files import open_bytes, seal_bytes
from wipsie.blobs.sealing.format import OBJECT_BYTES_MAX, Header, sealed_size
from wipsie.blobs.sealing.streams import open_pieces, seal_pieces
from wipsie.kernel.errors import InvalidInput

OBJECT_ID = "rep_0193f0c2"
SIZES = [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 1, 4 * CHUNK + 17]

# Made once by this format, with the key of `sealed_form`. They are not to be made anew: objects like these lie in stores.
WRAPPED = (
    "01e89397d50be8efdfd734172cec9c985a15af7ac030543fc874b716e625ceaf35c3f7448e5c6eb009743953ac36c45c72ad571c6fd2c4aa831c"
    "57349430ab31af1cc88e1d675f0a120a07a2577519ea0b"
)
SEALED = "776970736965011232a6fd39d1a002c4f3e0192ca49a90ed84e1c584f24c749ac409e5278d1afaa01ce91d7be8201f36a70500943b"
EMPTY_WRAPPED = (
    "01e89397d50be8efdf22330540fbddcb7efaf38cf32b9036f6cf0685c0a987693a7b22a6fdf2af4e119cb432341f9b5dbc7118e85372ff85c231"
    "d342610e452fa153b5a433ecc6452a683820c430aac3bc"
)
EMPTY = "7769707369650112ca23232e8e0b6e06e207a8e4db72f829ca25571ccb425a30"
FOUR_CHUNKS_SHA256 = "8a7b34bf112c750e7c9047e9b828ee697c93023262976b06ea8bdfc445cace71"
VALUE = (
    "01e89397d50be8efdf084bf71ed7f4e6e4e2ca03082b16ef542a1280cb1c0f12b30597c51206bae0edd9e5e11d6f30cc5c3bbc9a53d9f5e675c0"
    "43e3dcd5007264d0"
)


@pytest.mark.parametrize(
    ("wrapped", "sealed", "content"),
    [(WRAPPED, SEALED, "Hämoglobin 13.5 g/dL".encode()), (EMPTY_WRAPPED, EMPTY, b"")],
    ids=["small", "empty"],
)
def test_an_object_that_was_sealed_with_the_first_release_opens(
    ring: KeyRing, wrapped: str, sealed: str, content: bytes
) -> None:
    data_key = ring.unwrap(WrappedKey.decode(bytes.fromhex(wrapped)), OBJECT_ID)
    assert open_bytes(data_key, OBJECT_ID, bytes.fromhex(sealed)) == content
    assert unwrap(KEK, OBJECT_ID, bytes.fromhex(wrapped)) == data_key
    assert read_object(data_key, OBJECT_ID, bytes.fromhex(sealed)) == content


def test_an_object_of_several_chunks_has_the_bytes_it_always_had_and_opens() -> None:
    key, content = b"\x01" * 32, content_of(3 * CHUNK + 1)
    sealed = write_object(key, OBJECT_ID, content, b"\x07" * 8)
    assert hashlib.sha256(sealed).hexdigest() == FOUR_CHUNKS_SHA256
    assert open_bytes(key, OBJECT_ID, sealed) == content


def test_a_value_that_was_sealed_with_the_first_release_opens(ring: KeyRing) -> None:
    place = Place("vault_reports", "rep_1", "hospital")
    assert open_value(ring, bytes.fromhex(VALUE), place, purpose="vault") == b"Lakeside Hospital"


def test_a_search_token_is_what_it_always_was(ring: KeyRing) -> None:
    assert keyed_token(ring, "hospital", owner="own_1", purpose="vault search") == "e49d788ff37931594823c3e851cccf65"


def test_the_key_of_the_tests_has_the_id_it_always_had(ring: KeyRing) -> None:
    assert ring.ids == ("e89397d50be8efdf",)


def test_the_description_shows_the_vectors_that_are_checked_here(ring: KeyRing) -> None:
    page = (Path(__file__).parents[3] / "docs/reference/sealed-objects.md").read_text()
    derived = [derive(KEK, purpose).hex() for purpose in ("wrap data keys", "value: vault", "token: vault search")]
    data_keys = [unwrap(KEK, OBJECT_ID, bytes.fromhex(wrapped)).hex() for wrapped in (WRAPPED, EMPTY_WRAPPED)]
    shown = [KEK.hex(), ring.active, *derived, *data_keys, WRAPPED, SEALED, EMPTY_WRAPPED, EMPTY, VALUE]
    assert [vector for vector in shown if vector not in page] == []


@pytest.mark.parametrize("size", SIZES)
def test_a_program_that_knows_only_the_description_reads_what_we_seal(ring: KeyRing, size: int) -> None:
    wrapped, sealed = seal_bytes(ring, OBJECT_ID, content_of(size))
    data_key = unwrap(KEK, OBJECT_ID, wrapped.encode())
    assert read_object(data_key, OBJECT_ID, sealed) == content_of(size)
    assert open_bytes(data_key, OBJECT_ID, sealed) == content_of(size)
    assert len(sealed) == sealed_size(size)


def test_a_program_that_knows_only_the_description_reads_our_values(ring: KeyRing) -> None:
    sealed = seal_value(ring, b"Blood test", Place("reports", "rep_2", "kind"), purpose="vault")
    assert read_value(KEK, "vault", ("reports", "rep_2", "kind"), sealed) == b"Blood test"


@pytest.mark.parametrize("chunk_bits", range(16, 21))
@pytest.mark.parametrize("size", [0, 65_536, 1_048_576, 1_048_577])
def test_every_size_of_chunks_the_format_allows_is_read(chunk_bits: int, size: int) -> None:
    sealed = write_object(b"\x02" * 32, OBJECT_ID, content_of(size), b"\x08" * 8, chunk_bits)
    assert open_bytes(b"\x02" * 32, OBJECT_ID, sealed) == content_of(size)
    assert len(sealed) == sealed_size(size, chunk_bits)


@pytest.mark.parametrize("chunk_bits", [0, 15, 21, 255])
def test_other_sizes_of_chunks_are_refused_before_anything_is_read_into_memory(chunk_bits: int) -> None:
    sealed = write_object(b"\x02" * 32, OBJECT_ID, b"x", b"\x08" * 8, min(chunk_bits, 20))
    with pytest.raises(SealBroken):
        open_bytes(b"\x02" * 32, OBJECT_ID, sealed[:7] + bytes((chunk_bits,)) + sealed[8:])


def test_a_form_of_a_newer_release_is_refused_by_its_version() -> None:
    sealed = write_object(b"\x02" * 32, OBJECT_ID, b"x", b"\x08" * 8)
    with pytest.raises(SealBroken) as refusal:
        open_bytes(b"\x02" * 32, OBJECT_ID, sealed[:6] + b"\x02" + sealed[7:])
    assert refusal.value.details["version"] == 2


def test_an_empty_chunk_behind_the_content_is_refused_though_its_seal_is_right() -> None:
    key, prefix = b"\x03" * 32, b"\x09" * 8
    whole = write_object(key, OBJECT_ID, content_of(2 * CHUNK), prefix)
    # Chunk 0 was not the last one there; an empty last chunk 1 in the place of the full one.
    three = write_object(key, OBJECT_ID, content_of(CHUNK), prefix)
    assert open_bytes(key, OBJECT_ID, whole) == content_of(2 * CHUNK)
    assert open_bytes(key, OBJECT_ID, three) == content_of(CHUNK)
    forged = whole[: 16 + CHUNK + 16] + _empty_last_chunk(key, prefix, number=1)
    with pytest.raises(SealBroken, match="too many"):
        open_bytes(key, OBJECT_ID, forged)


def _empty_last_chunk(key: bytes, prefix: bytes, *, number: int) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header = b"wipsie\x01\x12" + prefix
    at = number.to_bytes(4, "big")
    return AESGCM(key).encrypt(prefix + at, b"", header + at + b"\x01" + OBJECT_ID.encode())


def test_equal_content_is_never_sealed_alike(ring: KeyRing) -> None:
    made = [seal_bytes(ring, OBJECT_ID, b"the same") for _ in range(50)]
    assert len({sealed[8:16] for _, sealed in made}) == 50, "nonce prefixes"
    assert len({sealed[16:] for _, sealed in made}) == 50
    assert len({unwrap(KEK, OBJECT_ID, wrapped.encode()) for wrapped, _ in made}) == 50, "data keys"


def test_a_source_that_gives_little_at_a_time_is_sealed_and_opened_the_same(ring: KeyRing) -> None:
    content = content_of(2 * CHUNK + 5)
    wrapped, pieces = seal_pieces(ring, OBJECT_ID, _Pipe(content, 10_007))
    sealed = b"".join(pieces)
    data_key = ring.unwrap(wrapped, OBJECT_ID)
    assert open_bytes(data_key, OBJECT_ID, sealed) == content
    assert b"".join(open_pieces(data_key, OBJECT_ID, _Pipe(sealed, 9_973))) == content


class _Pipe:
    """Gives at most so much at a time."""

    def __init__(self, content: bytes, most: int) -> None:
        self._file = io.BytesIO(content)
        self._most = most

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, self._most))


@pytest.mark.parametrize("object_id", ["", "x" * 257, "é" * 129, "\ud800"])
def test_an_id_that_cannot_be_one_is_refused(ring: KeyRing, object_id: str) -> None:
    with pytest.raises(InvalidInput):
        seal_bytes(ring, object_id, b"x")


def test_more_than_one_key_may_seal_is_refused() -> None:
    assert sealed_size(OBJECT_BYTES_MAX) == 16 + OBJECT_BYTES_MAX + 16 * 2**18
    with pytest.raises(InvalidInput):
        sealed_size(OBJECT_BYTES_MAX + 1)


@pytest.mark.parametrize("chunk_bits", range(16, 21))
def test_no_chunk_number_comes_near_the_end_of_its_four_bytes(chunk_bits: int) -> None:
    header = Header(chunk_bits=chunk_bits, prefix=b"\x00" * 8)
    assert header.chunks_max <= 2**20
    assert header.chunks_max * header.chunk_bytes == OBJECT_BYTES_MAX
