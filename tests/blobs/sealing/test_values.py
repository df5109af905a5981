"""Sealed values open in their own place only; search tokens meet within one owner only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealed_form import KEK, OLD_KEK

from wipsie.blobs.sealing import (
    KeyMissing,
    KeyRing,
    Place,
    SealBroken,
    key_id_of,
    keyed_token,
    keyed_tokens,
    open_text,
    open_value,
    reseal_value,
    seal_text,
    seal_value,
)
from wipsie.blobs.sealing.sealed_values import VALUE_BYTES_MAX, VALUE_OVERHEAD_BYTES
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.text_words import folded

RING = KeyRing([KEK])
PLACE = Place("reports", "rep_1", "hospital")


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=500))
def test_a_value_comes_back_in_its_place(value: bytes) -> None:
    sealed = seal_value(RING, value, PLACE, purpose="vault")
    assert open_value(RING, sealed, PLACE, purpose="vault") == value
    assert len(sealed) == len(value) + VALUE_OVERHEAD_BYTES
    assert sealed != seal_value(RING, value, PLACE, purpose="vault")


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_text_comes_back_in_its_place(text: str) -> None:
    assert open_text(RING, seal_text(RING, text, PLACE, purpose="vault"), PLACE, purpose="vault") == text


@settings(deadline=None, max_examples=100)
@given(*(st.text(max_size=6) for _ in range(6)))
def test_two_places_that_differ_at_all_are_two(
    table: str, row_id: str, column: str, other_table: str, other_row_id: str, other_column: str
) -> None:
    place, other = Place(table, row_id, column), Place(other_table, other_row_id, other_column)
    sealed = seal_value(RING, b"value", place, purpose="vault")
    if place == other:
        assert open_value(RING, sealed, other, purpose="vault") == b"value"
    else:
        with pytest.raises(SealBroken):
            open_value(RING, sealed, other, purpose="vault")


def test_moving_the_borders_between_names_makes_another_place() -> None:
    sealed = seal_value(RING, b"value", Place("ab", "c", "d"), purpose="vault")
    for other in (Place("a", "bc", "d"), Place("abc", "", "d"), Place("ab", "cd", ""), Place("ab", "d", "c")):
        with pytest.raises(SealBroken):
            open_value(RING, sealed, other, purpose="vault")


def test_any_bit_that_is_flipped_in_a_value_is_found() -> None:
    sealed = seal_value(RING, b"value", PLACE, purpose="vault")
    for position in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[position] ^= 1 << bit
            with pytest.raises(KeyMissing if 1 <= position < 9 else SealBroken):
                open_value(RING, bytes(changed), PLACE, purpose="vault")
        with pytest.raises(SealBroken):
            open_value(RING, sealed[:position], PLACE, purpose="vault")
    with pytest.raises(SealBroken):
        open_value(RING, sealed + b"\x00", PLACE, purpose="vault")


def test_a_value_is_for_one_purpose() -> None:
    sealed = seal_value(RING, b"value", PLACE, purpose="vault")
    with pytest.raises(SealBroken):
        open_value(RING, sealed, PLACE, purpose="mail")


def test_bytes_that_are_no_text_are_a_broken_text() -> None:
    with pytest.raises(SealBroken):
        open_text(RING, seal_value(RING, b"\xff", PLACE, purpose="vault"), PLACE, purpose="vault")


def test_rotation_seals_values_anew_once(ring: KeyRing, rotated: KeyRing) -> None:
    sealed = seal_value(ring, b"value", PLACE, purpose="vault")
    assert open_value(rotated, sealed, PLACE, purpose="vault") == b"value"
    resealed = reseal_value(rotated, sealed, PLACE, purpose="vault")
    assert key_id_of(resealed) == rotated.active
    assert reseal_value(rotated, resealed, PLACE, purpose="vault") is resealed
    assert open_value(KeyRing([OLD_KEK]), resealed, PLACE, purpose="vault") == b"value"
    with pytest.raises(KeyMissing):
        open_value(ring, resealed, PLACE, purpose="vault")


def test_what_is_too_large_for_a_column_or_cannot_be_stored_is_refused() -> None:
    with pytest.raises(InvalidInput):
        seal_value(RING, bytes(VALUE_BYTES_MAX + 1), PLACE, purpose="vault")
    with pytest.raises(InvalidInput):
        seal_text(RING, "\ud800", PLACE, purpose="vault")


def test_a_token_is_the_same_for_a_word_of_an_owner_and_no_other() -> None:
    token = keyed_token(RING, "anaemia", owner="own_1", purpose="search")
    assert token == keyed_token(RING, "anaemia", owner="own_1", purpose="search")
    others = [
        keyed_token(RING, "anaemia", owner="own_2", purpose="search"),
        keyed_token(RING, "anaemias", owner="own_1", purpose="search"),
        keyed_token(RING, "anaemia", owner="own_1", purpose="names"),
        keyed_token(RING, "1anaemia", owner="own_", purpose="search"),
        keyed_token(KeyRing([OLD_KEK]), "anaemia", owner="own_1", purpose="search"),
    ]
    assert len({token, *others}) == 6


def test_a_token_is_a_word_to_the_full_text_search() -> None:
    token = keyed_token(RING, "anaemia", owner="own_1", purpose="search")
    assert folded(token) == token


def test_after_rotation_a_word_is_found_by_its_old_and_its_new_token(ring: KeyRing, rotated: KeyRing) -> None:
    old = keyed_token(ring, "anaemia", owner="own_1", purpose="search")
    new = keyed_token(rotated, "anaemia", owner="own_1", purpose="search")
    assert keyed_tokens(rotated, "anaemia", owner="own_1", purpose="search") == [new, old]


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_tokens_meet_only_where_owner_and_word_are_equal(owner: str, word: str, other: str, other_word: str) -> None:
    mine = keyed_token(RING, word, owner=owner, purpose="search")
    theirs = keyed_token(RING, other_word, owner=other, purpose="search")
    assert (mine == theirs) == ((owner, word) == (other, other_word))
