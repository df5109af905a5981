"""Promises of decision records as Markdown: every form teams keep them in is read, nothing in them is lost, and what was
written once is written the same ever after."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.madr import (
    MARKDOWN_CHARACTERS_MAX,
    Alternative,
    Document,
    read_markdown,
    write_markdown,
)
from wipsie.slices.asyncops.domain.madr.options import compared_title

FULL = """---
# These are optional metadata elements. Feel free to remove any of them.
status: "accepted"
date: 2026-03-04
decision-makers: Ann, Bob
consulted:
  - "Otto, of the audit"
  - 'Lea''s team'
informed: [everyone, "the board"]
---

# Keep queues in SQLite

## Context and Problem Statement

We need queues.

```
## Not a heading
```

<!-- This is an optional
element. -->
## Decision Drivers

* One command starts it
* No server to run,
  ever

## Considered Options

* SQLite
* PostgreSQL

## Decision Outcome

Chosen option: "SQLite", because it is there already.

<!-- This is an optional element. Feel free to remove. -->
### Consequences

* Good, because nothing is installed
* Bad, because one machine is the limit

### Confirmation

A test kills it.

## Pros and Cons of the Options

### SQLite

<https://sqlite.org>

* Good, because it is small
* Neutral, because it is old
* Bad, because one process writes

### PostgreSQL

* Good, because many write
* Bad, because somebody has to run it

## More Information

Look again in a year.
"""


def test_the_full_form_of_madr_4_is_read_whole() -> None:
    document = read_markdown(FULL)
    assert document == Document(
        title="Keep queues in SQLite",
        status="accepted",
        decided_on="2026-03-04",
        decision_makers=["Ann", "Bob"],
        consulted=["Otto, of the audit", "Lea's team"],
        informed=["everyone", "the board"],
        context="We need queues.\n\n```\n## Not a heading\n```",
        drivers=["One command starts it", "No server to run, ever"],
        options=[
            Alternative(
                title="SQLite",
                description="<https://sqlite.org>",
                pros=["it is small"],
                neutral=["it is old"],
                cons=["one process writes"],
            ),
            Alternative(title="PostgreSQL", pros=["many write"], cons=["somebody has to run it"]),
        ],
        chosen=0,
        outcome="it is there already.",
        consequences=["Good, because nothing is installed", "Bad, because one machine is the limit"],
        confirmation="A test kills it.",
        notes="Look again in a year.",
    )
    assert read_markdown(write_markdown(document)) == document


def test_the_bare_and_the_minimal_form_are_read() -> None:
    minimal = (
        "# Use it\n\n## Context and Problem Statement\n\n## Considered Options\n\n* A\n* B\n\n## Decision Outcome\n"
    )
    document = read_markdown(f'{minimal}\nChosen option: "{{b}}", because\n')
    assert (document.title, document.chosen, document.outcome, document.status) == ("Use it", 1, "", "draft")
    assert [option.title for option in document.options] == ["A", "B"]
    bare = read_markdown(
        "---\nstatus:\ndate:\n---\n\n# \n\n## Context and Problem Statement\n\n## Decision Outcome\n\n"
        'Chosen option: "", because\n\n### Consequences\n\n* Good, because \n'
    )
    assert (bare.title, bare.chosen, bare.decided_on) == ("", None, None)


def test_the_form_of_madr_2_is_read() -> None:
    document = read_markdown(
        "# 7. Use Markdown\n\n* Status: accepted\n* Deciders: Ann, Bob <!-- optional -->\n* Date: 2019-03-04\n\n"
        "Technical Story: #12\n\n## Context and Problem Statement\n\nHow?\n\n## Considered Options\n\n"
        "* [Markdown](#markdown)\n* Word\n\n## Decision Outcome\n\nChosen option: **Markdown**, because it is text.\n\n"
        "### Positive Consequences <!-- optional -->\n\n* diffs\n\n### Negative Consequences\n\n* no macros\n\n"
        "## Pros and Cons of the Options\n\n### Markdown\n\n* Good, because a\n* Bad: b\n* Good, because c\n\n"
        "## Links\n\n* [Refined by](0008-x.md)\n"
    )
    assert (document.title, document.status, document.decided_on) == ("Use Markdown", "accepted", "2019-03-04")
    assert document.context == "Technical Story: #12\n\nHow?"
    assert document.consequences == ["Good: diffs", "Bad: no macros"]
    assert (document.chosen, document.outcome) == (0, "it is text.")
    assert (document.options[0].pros, document.options[0].cons) == (["a", "c"], ["b"])
    assert len(document.options) == 2
    assert document.notes == "**Links**\n\n* [Refined by](0008-x.md)"


def test_the_form_of_adr_tools_is_read() -> None:
    document = read_markdown(
        "# 9. Use adr-tools\n\nDate: 2016-02-12\n\n## Status\n\nAccepted\n\nSuperceded by [10. Use Wipsie]"
        "(0010-use-wipsie.md)\n\n## Context\n\nWe forget.\n\n## Decision\n\nWe will write.\n\n## Consequences\n\n"
        "See Michael's article.\n\nIt takes time.\n"
    )
    assert document == Document(
        title="Use adr-tools",
        status="superseded",
        superseded_by="[10. Use Wipsie](0010-use-wipsie.md)",
        decided_on="2016-02-12",
        context="We forget.",
        outcome="We will write.",
        consequences=["See Michael's article.", "It takes time."],
    )


def test_our_own_records_are_read_without_loss() -> None:
    folder = Path(__file__).parents[3] / "docs" / "decisions"
    files = sorted(folder.glob("0*.md"))
    assert len(files) > 10
    for file in files:
        text = file.read_text()
        document = read_markdown(text)
        assert document.status == "accepted", file
        written = write_markdown(document)
        told = "\n".join(line for line in text.split("\n") if not line.startswith("- Status"))
        words = {word for word in told.replace("*", " ").replace("#", " ").split() if word.isalpha()}
        # The words of headings that became fields, of facts, and nothing else.
        missing = words - set(written.replace("*", " ").replace("#", " ").split())
        assert missing <= {"Question", "Date"}, (file, missing)


@pytest.mark.parametrize(
    ("text", "status", "target"),
    [
        ("accepted", "accepted", ""),
        ("**Approved**", "accepted", ""),
        ("superseded by [ADR-0005](0005-x.md)", "superseded", "[ADR-0005](0005-x.md)"),
        ("Superceded by ADR 5.", "superseded", "ADR 5"),
        ("replaced by 0012", "superseded", "0012"),
        ("{proposed | rejected | accepted | deprecated | … | superseded by ADR-0123}", "draft", ""),
        ("accepted; for some parts replaced by 0012", "accepted", ""),
        ("perhaps", "draft", ""),
        ("", "draft", ""),
    ],
)
def test_a_status_is_read_in_its_many_words(text: str, status: str, target: str) -> None:
    document = read_markdown(f"# T\n\n## Status\n\n{text}\n")
    assert (document.status, document.superseded_by) == (status, target)


# ---------------------------------------------------------------------------------------------------------- properties

_BAD = ("Cc", "Cs", "Zl", "Zp")
_line = st.text(st.characters(exclude_categories=_BAD), min_size=1, max_size=40).map(str.strip).filter(bool)
_fragments = st.sampled_from(
    [
        "# Heading",
        "## Decision Outcome",
        "##",
        "### Consequences",
        "### Anything",
        "#### Deep",
        "\\# Escaped",
        "\\\\## Twice",
        "  ## Indented",
        "```",
        "```python",
        "~~~~",
        "``` a ` b",
        "<!-- comment -->",
        "<!-- open",
        "-->",
        "\\<!-- x",
        'Chosen option: "A", because b',
        "chosen option",
        "* Good, because x",
        "- bad",
        "* point",
        "  continued",
        "1. first",
        "---",
        "status: accepted",
        "| a | b |",
        "",
        "   ",
        "    code",
        "Text.",
        "lower case",
        "===",
    ]
)
_prose = st.lists(_fragments | _line, max_size=8).map(lambda lines: "\n".join(lines).rstrip())
_points = st.lists(_line | st.sampled_from(["- x", "* y", "# z", "1. a", "```", "| a", "because b"]), max_size=4)
_people = st.lists(_line | st.sampled_from(["a, b", "x: y", "#no", "'q'", '"r"', "[s]", "true"]), max_size=3)
_days = st.dates().map(str) | st.none()
_options = st.lists(
    st.builds(Alternative, title=_line, description=_prose, pros=_points, neutral=_points, cons=_points),
    max_size=4,
    unique_by=lambda option: compared_title(option.title) or option.title,
)


@st.composite
def _documents(draw: st.DrawFn) -> Document:
    options = draw(_options)
    return Document(
        title=draw(_line),
        status=draw(st.sampled_from(["draft", "proposed", "accepted", "rejected", "deprecated", "superseded"])),
        superseded_by=draw(st.sampled_from(["", "DEC-5", "[DEC-5](0005-x.md)"])),
        decided_on=draw(_days),
        revisit_on=draw(_days),
        decision_makers=draw(_people),
        consulted=draw(_people),
        informed=draw(_people),
        context=draw(_prose),
        drivers=draw(_points),
        options=options,
        chosen=draw(st.sampled_from([None, *range(len(options))])),
        outcome=draw(_prose),
        consequences=draw(_points),
        confirmation=draw(_prose),
        notes=draw(_prose),
    )


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(_documents())
def test_written_read_and_written_again_is_the_same(document: Document) -> None:
    once = write_markdown(document)
    read = read_markdown(once)
    assert write_markdown(read) == once
    # Facts and lists survive as they are; prose but for empty lines around it and code that was never closed.
    for name in ("title", "status", "decided_on", "revisit_on", "drivers", "chosen", "consequences"):
        assert getattr(read, name) == getattr(document, name), name
    for name in ("decision_makers", "consulted", "informed"):
        assert getattr(read, name) == getattr(document, name), name
    assert [one.title for one in read.options] == [one.title for one in document.options]


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(_fragments | _line, max_size=30).map("\n".join))
def test_any_text_is_read_and_its_record_is_written_the_same_ever_after(text: str) -> None:
    once = write_markdown(read_markdown(text, title="Untitled"))
    assert write_markdown(read_markdown(once)) == once


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "<!-- \n",
        "# ",
        "# <!--\n",
        "\\",
        "* x\n",
        "* Good, because\n",
        "* Good, because x\nx\n",
        "x\n",
        "`",
        "```\n",
        "(#",
        "## Considered Options\n\n* a\n",
        "superseded by ",
        '"',
        "[",
        " ",
        "*",
        "- status: x\n",
    ],
)
def test_hostile_text_is_read_in_no_time(unit: str) -> None:
    for head in (
        "",
        "# T\n\n## Status\n\n",
        "# T\n\n## Considered Options\n\n",
        "# T\n\n## Decision Outcome\n\nChosen option: ",
        "---\n",
    ):
        text = (head + unit * MARKDOWN_CHARACTERS_MAX)[:MARKDOWN_CHARACTERS_MAX]
        started = time.process_time()
        document = read_markdown(text)
        write_markdown(document)
        assert time.process_time() - started < 2


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at most 200000 characters"):
        read_markdown("x" * (MARKDOWN_CHARACTERS_MAX + 1))
    many = "\n".join(f"### Option {number}" for number in range(60))
    with pytest.raises(InvalidInput, match="at most 50 options"):
        read_markdown(f"# T\n\n## Pros and Cons of the Options\n\n{many}")
