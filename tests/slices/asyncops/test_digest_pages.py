"""Promises of how summaries are shown: everything from the stored content alone, and nothing of what people wrote as markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from digest_facts import END_MS, blocker, decision, facts, failure, follow_up, incident, person, queue, resolved, update
from hypothesis import given, settings
from hypothesis import strategies as st

from wipsie.slices.asyncops.domain.digest.build import build_digest
from wipsie.slices.asyncops.domain.digest.content import Digest
from wipsie.slices.asyncops.domain.digest_pages.as_html import as_fragment, as_html
from wipsie.slices.asyncops.domain.digest_pages.as_markdown import as_markdown
from wipsie.slices.asyncops.domain.digest_pages.as_text import as_text
from wipsie.slices.asyncops.domain.digest_pages.feeds import FeedEntry, as_atom, as_rss
from wipsie.slices.asyncops.domain.digest_pages.layout import lay_out, subject
from wipsie.slices.asyncops.domain.digest_pages.phrases import age, bars, change
from wipsie.slices.asyncops.domain.digest_pages.texts import plain

BASE = "https://wipsie.example.org"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "]]><script>alert(1)</script><![CDATA[",
    "[click](javascript:alert(1)) **bold** `code` # head | cell",
    "&lt;script&gt; &#60;b&#62;",
    "a\u202egnp.exe\u202c \u2066x\u2069",
    "nul\x00 bell\x07 escape\x1b[31m \ufffe",
    "line\nbreak\r\n# Heading\n\n---\n- item\n    code",
    "</style></title></body></html>",
)


def digest_with(text: str) -> Digest:
    """A digest in which a text stands wherever people write one."""
    named: dict[str, Any] = {"title": text}
    return build_digest(
        facts(
            {
                "incidents": [incident(1, severity="sev1", lead="usr_ann", **named), resolved(2, **named)],
                "blockers": [blocker(1, severity="hard", waiting_name=text, **named)],
                "decisions": [decision(1, **named)],
                "follow_ups": [follow_up(1, text=text, about_title=text)],
                "failures": [failure(text, 2)],
            },
            people=[person("ann"), person("bob")],
            names={"usr_ann": text},
            updates=[update("ann", done=[text], next=[text], notes=text)],
            queues=[queue(text, dead_letters=3)],
        )
    )


class Elements(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


def parsed(html: str) -> Elements:
    found = Elements()
    found.feed(html)
    found.close()
    assert found.stack == []
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_is_never_markup_in_html(text: str) -> None:
    found = parsed(as_html(lay_out(digest_with(text), path="/x.html"), base_url=BASE, ending=text))
    assert found.tags <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "div",
            "p",
            "h1",
            "h2",
            "h3",
            "ul",
            "li",
            "span",
            "a",
            "bdi",
        )
    }
    assert {name for name, _ in found.attributes} <= {"lang", "charset", "name", "content", "class", "style", "href"}
    assert all(value and value.startswith(f"{BASE}/") for name, value in found.attributes if name == "href")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_is_never_markup_in_markdown(text: str) -> None:
    written = as_markdown(lay_out(digest_with(text)), base_url=BASE)
    assert not re.search(r"(?<!\\)<(?!https://wipsie)", written)
    assert all(BASE in link for link in re.findall(r"(?<!\\)\]\((.*?)\)", written))
    headings = [line for line in written.splitlines() if line.startswith("#")]
    assert all(re.fullmatch(r"#{1,3} [A-Z][A-Za-z0-9, -]+", line) for line in headings)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_leaves_feeds_well_formed_and_is_text_in_them(text: str) -> None:
    digest = digest_with(text)
    entry = FeedEntry(
        id="sum_1", title=subject(digest) + text, path="/api/summaries/sum_1.html", at_ms=END_MS,
        html=as_fragment(lay_out(digest), base_url=BASE),
    )  # fmt: skip
    for written in (as_rss([entry], base_url=BASE, path="/feed"), as_atom([entry], base_url=BASE, path="/feed")):
        root = ET.fromstring(written)  # noqa: S314  what we wrote ourselves
        assert "script" not in {one.tag.rpartition("}")[2] for one in root.iter()}
        (content,) = [one.text for one in root.iter() if one.tag.rpartition("}")[2] in ("content",)] or [
            one.text for one in root.iter("description") if one.text and "<div" in one.text
        ]
        assert content is not None
        assert "script" not in parsed(content).tags


@given(text=st.text(max_size=40))
@settings(deadline=None, max_examples=60)
def test_any_text_at_all_can_be_shown(text: str) -> None:
    outline = lay_out(digest_with(text))
    parsed(as_html(outline)).close()
    as_html(outline).encode()
    as_markdown(outline).encode()
    as_text(outline).encode()
    ET.fromstring(  # noqa: S314  what we wrote ourselves
        as_rss([FeedEntry(id="x", title=text, path="/", at_ms=0, html=as_fragment(outline))], base_url=BASE, path="/f")
    )


def test_a_text_is_one_line_without_means_to_turn_reading_round() -> None:
    assert plain("a\u202eb\nc\t\x00d\u2028e \u2066f") == "ab c d e f"
    # Letters of other directions stay; they are set apart where they stand.
    assert plain("שלום") == "שלום"
    assert "<bdi>שלום</bdi>" in as_html(lay_out(digest_with("שלום")))


def test_nothing_is_loaded_from_anywhere() -> None:
    html = as_html(lay_out(digest_with("x"), path="/y.html"), base_url=BASE)
    assert not re.search(r"src=|@import|url\(|<link|<img|<script|<iframe", html)


def test_five_of_each_list_are_shown_and_the_rest_is_counted() -> None:
    digest = build_digest(facts({"incidents": [incident(number, severity="sev1") for number in range(1, 9)]}))
    for written in (
        as_text(lay_out(digest)),
        as_markdown(lay_out(digest)),
        re.sub("<[^>]+>", "", as_html(lay_out(digest))),
    ):
        assert written.count("and 3 more") == 2
        assert "Trouble 5" in written
        assert "Trouble 6" not in written


def test_people_see_the_sections_they_chose_and_what_is_theirs_in_front() -> None:
    digest = digest_with("something")
    shown = lay_out(digest, sections=["blockers", "queues"], person="usr_ann")
    assert [one.name for one in shown.sections] == ["own", "blockers", "queues"]
    assert [one.label for one in shown.sections[0].groups[0].lines] == ["INC-1", "BLK-1", "INC-1"]
    assert [one.name for one in lay_out(digest, person="usr_bob").sections] == [
        *("attention", "incidents", "blockers", "decisions", "follow_ups", "updates", "queues", "trends")
    ]
    assert "own" not in [one.name for one in lay_out(digest, sections=None).sections]


def test_a_quiet_day_is_short_and_says_so() -> None:
    digest = build_digest(facts())
    shown = lay_out(digest)
    assert shown.sections == []
    assert shown.quiet == "All quiet: incidents, blockers, decisions, follow-ups and pipelines."
    assert subject(digest) == "Summary of Friday, 3 October 2025: all quiet"
    assert len(as_text(shown).splitlines()) < 15


def test_missing_people_are_named_without_blame_and_no_more_than_five() -> None:
    people = [person(name) for name in ("ann", "bob", "cat", "dan", "eve", "fay", "gus")]
    (section,) = [one for one in lay_out(build_digest(facts(people=people))).sections if one.name == "updates"]
    assert section.note == "No update from Ann, Bob, Cat, Dan, Eve and 2 more."


def test_the_subject_says_how_much_needs_somebody() -> None:
    assert subject(digest_with("x")).startswith("Summary of Friday, 3 October 2025: ")
    one = build_digest(facts({"incidents": [incident(1, severity="sev1")]}))
    assert subject(one).endswith(": 1 thing needs somebody")


@pytest.mark.parametrize(
    ("hours", "words"), [(0.5, "30 min"), (1.4, "1 h"), (47, "47 h"), (49, "2 days"), (0, "0 min")]
)
def test_ages_are_told_as_people_tell_them(hours: float, words: str) -> None:
    assert age(hours) == words


def test_changes_and_bars() -> None:
    assert [change(one) for one in (None, 0, 2, -1)] == [
        "",
        "unchanged",
        "2 more than the day before",
        "1 fewer than the day before",
    ]
    assert bars([0, 1, 2, None, 4]) == "▁▃▅·█"
    assert bars([0, 0]) == "▁▁"
