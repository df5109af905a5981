"""Promises of highlights: sentences of people, chosen the same way every time."""

from __future__ import annotations

from digest_facts import blocker, update

from wipsie.slices.asyncops.domain.digest.highlights import HIGHLIGHTS_MAX, highlights


def texts(*arguments: object) -> list[str]:
    return [one.text for one in highlights(*arguments)]  # pyright: ignore[reportArgumentType]  typed where it is called


def test_they_are_sentences_somebody_wrote_word_for_word() -> None:
    written = [update("ann", notes="The lease ended early. We saw it twice!\n\n* and in the log")]
    found = highlights(written, [], written, [])
    assert {one.text for one in found} <= {
        "ann finished part 1",
        "The lease ended early.",
        "We saw it twice!",
        "and in the log",
    }
    assert all((one.person, one.source) == ("usr_ann", "upd_ann_0001") for one in found)


def test_what_blocks_and_what_comes_next_goes_before_what_is_done() -> None:
    written = [update("ann", done=["alpha beta"], next=[]), update("bob", done=[], next=["gamma delta"])]
    found = texts(written, [blocker(1, blocked="usr_lea", title="epsilon zeta")], written, [])
    assert found == ["epsilon zeta", "gamma delta", "alpha beta"]


def test_rare_words_and_open_records_are_worth_more() -> None:
    usual = [update(f"p{number}", done=["wrote some tests"]) for number in range(20)]
    written = [update("ann", done=["wrote some tests"]), update("bob", done=["replaced flaky turbine"])]
    assert texts(written, [], [*usual, *written], [])[0] == "replaced flaky turbine"
    named = [update("ann", done=["alpha beta"]), update("bob", done=["looked at INC-4"])]
    assert texts(named, [], named, ["INC-4"])[0] == "looked at INC-4"
    # INC-42 is another one.
    other = [update("ann", done=["alpha beta 1"]), update("bob", done=["looked into INC-42"])]
    assert texts(other, [], other, ["INC-4"])[0] == "alpha beta 1"


def test_nobody_has_more_than_two_and_near_repeats_are_told_once() -> None:
    written = [update("ann", done=[f"quite another thing {word}" for word in ("a b c", "d e f", "g h i")])]
    assert len(highlights(written, [], written, [])) == 2
    same = [update("ann", done=["deployed the new mail worker"]), update("bob", done=["Deployed the new mail worker!"])]
    assert len(highlights(same, [], same, [])) == 1


def test_there_are_at_most_so_many_and_equal_ones_are_ordered_by_their_source() -> None:
    written = [update(f"p{number:02}", done=[f"word{number} other{number}"]) for number in range(40)]
    found = highlights(list(reversed(written)), [], written, [])
    assert len(found) == HIGHLIGHTS_MAX
    assert found == highlights(written, [], written, [])
    assert [one.source for one in found] == sorted(one.source for one in found)


def test_single_words_and_empty_texts_are_no_sentences() -> None:
    written = [update("ann", done=["ok", "...", "👍"], notes="\n\n - \n")]
    assert highlights(written, [], written, []) == []


def test_what_is_long_is_cut() -> None:
    written = [update("ann", done=["many words " * 50])]
    (found,) = highlights(written, [], written, [])
    assert len(found.text) <= 300
    assert found.text.endswith("…")
