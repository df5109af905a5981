"""Promises of snippets: they show the first word that was found, and hold no marks but their own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wipsie.kernel.text_snippets import BEGIN, END, marked, snippet
from wipsie.kernel.text_words import query_words


def test_a_snippet_shows_the_first_word_that_was_found() -> None:
    text = f"{'before ' * 100}the «Café» at noon <b>{'after ' * 100}"
    shown = snippet(text, ["caf"])
    assert shown.startswith("…")
    assert shown.endswith("…")
    # Marks in the text itself are no marks.
    assert f"\u2039{BEGIN}Café{END}\u203a at noon <b>" in shown
    assert len(shown) < 300
    assert snippet("short", ["none"]) == "short"
    assert marked("e-mail Mailbox mailer", ["e", "mail"]) == "«e»-«mail» «Mailbox» «mailer»"


@given(st.text(max_size=400), st.lists(st.text(alphabet="abcé ", min_size=1, max_size=3), max_size=4))
def test_a_snippet_never_adds_or_loses_marks(text: str, some: list[str]) -> None:
    words = query_words(" ".join(some))
    for shown in (snippet(text, words), marked(text, words)):
        assert shown.count(BEGIN) == shown.count(END)
        assert f"{BEGIN}{BEGIN}" not in shown
