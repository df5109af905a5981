"""Whatever is done to a sealed object or to its wrapped key, it opens as it was or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealed_form import CHUNK, KEK, OLD_KEK, content_of

from wipsie.blobs.sealing import KeyMissing, KeyRing, SealBroken, WrappedKey
from wipsie.blobs.sealing.files import open_bytes, seal_bytes

ONE, OTHER = "rep_1", "rep_2"
RING = KeyRing([KEK])
CHUNKS = 4
CONTENT = content_of((CHUNKS - 1) * CHUNK + 1_000)
SEALED_CHUNK = CHUNK + 16
WRAPPED, SEALED = seal_bytes(RING, ONE, CONTENT)
KEY = RING.unwrap(WRAPPED, ONE)
SMALL_WRAPPED, SMALL = seal_bytes(RING, ONE, b"small")
SMALL_KEY = RING.unwrap(SMALL_WRAPPED, ONE)


def chunk(sealed: bytes, number: int) -> bytes:
    return sealed[16 + number * SEALED_CHUNK : 16 + (number + 1) * SEALED_CHUNK]


def put_together(header: bytes, chunks: list[bytes]) -> bytes:
    return header + b"".join(chunks)


def assert_broken(sealed: bytes, *, key: bytes = KEY, object_id: str = ONE) -> None:
    with pytest.raises(SealBroken):
        open_bytes(key, object_id, sealed)


def test_the_object_opens_while_nothing_is_done_to_it() -> None:
    assert open_bytes(KEY, ONE, SEALED) == CONTENT
    assert open_bytes(SMALL_KEY, ONE, SMALL) == b"small"


def test_any_bit_that_is_flipped_is_found() -> None:
    for position in range(len(SMALL)):
        for bit in range(8):
            changed = bytearray(SMALL)
            changed[position] ^= 1 << bit
            assert_broken(bytes(changed), key=SMALL_KEY)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_byte_that_is_changed_in_a_large_object_is_found(position: int, difference: int) -> None:
    changed = bytearray(SEALED)
    changed[position] ^= difference
    assert_broken(bytes(changed))


def test_an_object_that_is_cut_anywhere_is_found() -> None:
    for length in range(len(SMALL)):
        assert_broken(SMALL[:length], key=SMALL_KEY)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(SEALED) - 1))
def test_a_large_object_that_is_cut_anywhere_is_found(length: int) -> None:
    assert_broken(SEALED[:length])


@pytest.mark.parametrize("kept", range(CHUNKS))
def test_an_object_that_is_cut_between_chunks_is_found(kept: int) -> None:
    assert_broken(SEALED[: 16 + kept * SEALED_CHUNK])


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=40) | st.sampled_from([bytes(SEALED_CHUNK), chunk(SEALED, 0), SEALED]))
def test_what_is_put_behind_an_object_is_found(more: bytes) -> None:
    assert_broken(SEALED + more)
    assert_broken(SMALL + more, key=SMALL_KEY)


def test_something_put_behind_an_object_that_ends_with_a_full_chunk_is_found() -> None:
    wrapped, sealed = seal_bytes(RING, ONE, content_of(CHUNK))
    key = RING.unwrap(wrapped, ONE)
    for more in (b"\x00", bytes(16), chunk(sealed, 0)):
        assert_broken(sealed + more, key=key)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, CHUNKS - 1), max_size=CHUNKS + 2).filter(lambda order: order != list(range(CHUNKS))))
def test_chunks_in_any_other_order_number_or_choice_are_found(order: list[int]) -> None:
    assert_broken(put_together(SEALED[:16], [chunk(SEALED, number) for number in order]))


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, CHUNKS - 1), min_size=1))
def test_chunks_of_another_sealing_of_the_same_content_are_found(taken: set[int]) -> None:
    _, again = seal_bytes(RING, ONE, CONTENT)
    mixed = [chunk(again if number in taken else SEALED, number) for number in range(CHUNKS)]
    assert_broken(put_together(SEALED[:16], mixed))
    assert_broken(put_together(again[:16], mixed))


def test_another_object_in_the_place_of_one_is_found_whatever_is_moved_with_it() -> None:
    wrapped, sealed = seal_bytes(RING, OTHER, b"of somebody else")
    other_key = RING.unwrap(wrapped, OTHER)
    # Its bytes alone; its bytes with its own key, in the other's place; and the row of the key as well.
    assert_broken(sealed, key=SMALL_KEY)
    assert_broken(sealed, key=other_key)
    with pytest.raises(SealBroken):
        RING.unwrap(wrapped, ONE)
    assert open_bytes(other_key, OTHER, sealed) == b"of somebody else"


def test_an_id_that_is_the_end_or_beginning_of_another_is_another() -> None:
    for near in ("rep_", "rep_11", "ep_1", "rep_1\x00", "Rep_1"):
        assert_broken(SMALL, key=SMALL_KEY, object_id=near)
        with pytest.raises(SealBroken):
            RING.unwrap(SMALL_WRAPPED, near)


def test_wrapped_keys_of_two_sealings_of_one_object_do_not_open_each_other() -> None:
    wrapped, sealed = seal_bytes(RING, ONE, b"small")
    assert_broken(SMALL, key=RING.unwrap(wrapped, ONE))
    assert_broken(sealed, key=SMALL_KEY)


def test_any_bit_that_is_flipped_in_a_wrapped_key_is_found() -> None:
    encoded = SMALL_WRAPPED.encode()
    for position in range(len(encoded)):
        for bit in range(8):
            changed = bytearray(encoded)
            changed[position] ^= 1 << bit
            # In the id of its key it asks for a key that nobody has.
            with pytest.raises(KeyMissing if 1 <= position < 9 else SealBroken):
                RING.unwrap(WrappedKey.decode(bytes(changed)), ONE)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=120).filter(lambda encoded: len(encoded) != 81))
def test_a_wrapped_key_of_another_length_is_none(encoded: bytes) -> None:
    with pytest.raises(SealBroken):
        WrappedKey.decode(encoded)


def test_a_wrapped_key_cannot_be_said_to_be_under_another_key_of_the_ring() -> None:
    ring = KeyRing([OLD_KEK, KEK])
    said = WrappedKey(kek_id=ring.active, sealed=SMALL_WRAPPED.sealed)
    with pytest.raises(SealBroken):
        ring.unwrap(said, ONE)


def test_after_its_wrapped_key_is_gone_nothing_that_is_left_opens_an_object() -> None:
    ring = KeyRing([OLD_KEK, KEK])
    erased_wrapped, erased = seal_bytes(ring, "rep_erased", b"erased")
    left = [seal_bytes(ring, f"rep_{number}", b"other")[0] for number in range(5)]
    left += [seal_bytes(ring, "rep_erased", b"sealed again")[0], ring.wrap(b"\x07" * 32, "rep_erased")]
    keys = [ring.unwrap(wrapped, f"rep_{number}") for number, wrapped in enumerate(left[:5])]
    keys += [ring.unwrap(wrapped, "rep_erased") for wrapped in left[5:]]
    # Everything an operator has: the bytes, all other wrapped keys opened, the key-encryption keys and what derives from them.
    keys += [OLD_KEK, KEK, *(ring.derived("wrap data keys", kek_id) for kek_id in ring.ids)]
    for key in keys:
        assert_broken(erased, key=key, object_id="rep_erased")
    assert open_bytes(ring.unwrap(erased_wrapped, "rep_erased"), "rep_erased", erased) == b"erased"


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_bytes_that_were_never_sealed_are_refused(noise: bytes) -> None:
    assert_broken(noise)
    assert_broken(SEALED[:16] + noise)
