"""Promises of words: folding leaves nothing but letters and digits, and marked words stand beside the plain ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wipsie.kernel.text_words import WORD_CHARACTERS_MAX, distinct_words, folded

FIRST, SECOND = "\ue001", "\ue002"


@given(st.text(max_size=300))
def test_folding_is_stable_and_leaves_short_words_of_letters_and_digits(text: str) -> None:
    words = folded(text).split()
    assert folded(" ".join(words)).split() == words
    assert all(word.isalnum() and len(word) <= WORD_CHARACTERS_MAX for word in words)


def test_no_character_of_private_use_gets_through_folding() -> None:
    areas = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))
    for first, last in areas:
        for begin in range(first, last + 1, 10_000):
            every = [chr(code) for code in range(begin, min(begin + 10_000, last + 1))]
            assert folded("a".join(every)).split() == ["a"] * (len(every) - 1)


def test_each_word_stands_once_in_the_order_of_its_first_appearance() -> None:
    assert distinct_words({"": "The café, the CAFE and the\nbar"}, characters_max=100) == "the cafe and bar"
    assert distinct_words({}, characters_max=100) == ""
    assert distinct_words({"": " … ", FIRST: ""}, characters_max=100) == ""


def test_words_of_a_marked_text_stand_plain_and_with_their_mark() -> None:
    texts = {FIRST: "Ann Smith", "": "for Ann", SECOND: "Ann"}
    expected = f"ann {FIRST}ann smith {FIRST}smith for {SECOND}ann"
    assert distinct_words(texts, characters_max=100) == expected


def test_a_text_cannot_pass_its_words_for_marked_ones() -> None:
    assert distinct_words({"": f"{FIRST}ann x{FIRST}smith"}, characters_max=100) == "ann x smith"


def test_what_is_too_long_is_cut_between_words() -> None:
    cut = {length: distinct_words({"": "one two", FIRST: "six"}, characters_max=length) for length in range(17)}
    assert {length: cut[length] for length in (0, 2, 3, 6, 7, 10, 11, 15, 16)} == {
        0: "",
        2: "",
        3: "one",
        6: "one",
        7: "one two",
        10: "one two",
        11: "one two six",
        15: "one two six",
        16: f"one two six {FIRST}six",
    }


@given(
    st.dictionaries(st.sampled_from(["", FIRST, SECOND]), st.text(alphabet="abé .,_\ue001", max_size=40)),
    st.integers(0, 60),
)
def test_the_text_is_bounded_has_single_spaces_and_is_the_beginning_of_the_whole(
    texts: dict[str, str], characters_max: int
) -> None:
    text = distinct_words(texts, characters_max=characters_max)
    words = text.split()
    assert len(text) <= characters_max
    assert " ".join(words) == text
    assert len(set(words)) == len(words)
    assert distinct_words(texts, characters_max=1_000).split()[: len(words)] == words


def test_folded_text_never_ends_in_a_space_however_it_was_cut() -> None:
    # Each of these characters becomes eighteen when it is folded, with spaces between.
    assert not folded("abcdef" + "\ufdfa" * 12_000).endswith(" ")
