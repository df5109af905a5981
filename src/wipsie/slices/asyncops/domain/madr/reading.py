"""Records out of Markdown: MADR 4 in all its variants, MADR 2 and 3, and the form of Nygard and adr-tools.

A record is cut at its headings; each known section becomes a field, and what is under any other heading goes into the notes
with its heading. Nothing is thrown away but comments, which templates are full of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.madr import front_matter, lines
from wipsie.slices.asyncops.domain.madr.bullets import read_points, read_verdicts
from wipsie.slices.asyncops.domain.madr.document import MARKDOWN_CHARACTERS_MAX, Document
from wipsie.slices.asyncops.domain.madr.options import Options
from wipsie.slices.asyncops.domain.madr.statuses import read_day, read_status

_HEADING = re.compile(r" {0,3}(?P<level>#{1,3})(?:[ \t]+(?P<text>.*))?")
_NUMBER = re.compile(r"\[?(?:(?:adr|dec)[-_ ]?)?\d{1,6}\]?[.:)]?[ \t]+(?=\S)", re.IGNORECASE)
_FACT = re.compile(
    r"[*+-]?[ \t]*\**(?P<name>status|date|deciders?|decision[- ]makers?|consulted|informed)\**[ \t]*:\**(?:[ \t]+(?P<value>.*))?",
    re.IGNORECASE,
)
_MAKERS = ("decider", "deciders", "decision maker", "decision makers")
_CHOSEN = re.compile(r"\**chosen option\**[ \t]*:?\**[ \t]*(?P<rest>.*)", re.IGNORECASE)

_SECTIONS = {
    "context": ("context and problem statement", "context", "problem statement", "problem", "question", "background"),
    "drivers": ("decision drivers", "drivers", "forces"),
    "options": ("considered options", "options", "alternatives", "considered alternatives", "alternatives considered"),
    "outcome": ("decision outcome", "decision", "outcome"),
    "consequences": ("consequences",),
    "positive": ("positive consequences",),
    "negative": ("negative consequences",),
    "confirmation": ("confirmation", "validation", "compliance"),
    "arguments": ("pros and cons of the options", "pros and cons"),
    "status": ("status",),
    "notes": ("more information",),
}
_HEADING_CHARACTERS_MAX = 200
"""A longer one is none of ours."""
_SECTION_OF = {name: section for section, names in _SECTIONS.items() for name in names}


@dataclass
class _Block:
    """A heading and what is under it."""

    level: int
    heading: str
    section: str | None
    """None: no heading we know."""
    rows: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return lines.trimmed("\n".join(self.rows))


def read_markdown(text: str, *, title: str = "") -> Document:
    """The record in a text. `title` is taken when it has none. InvalidInput for one that is too long."""
    if len(text) > MARKDOWN_CHARACTERS_MAX:
        raise InvalidInput(
            f"A decision record has at most {MARKDOWN_CHARACTERS_MAX} characters; this one has {len(text)}.",
            details={"field": "body", "characters_max": MARKDOWN_CHARACTERS_MAX},
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    facts, body = front_matter.split(text)
    reader = _Reader(facts)
    for block in _blocks(body):
        reader.take(block)
    return reader.document(title)


def _blocks(body: str) -> Iterator[_Block]:
    block = _Block(0, "", "preamble")
    area = ""
    for line, is_code in lines.without_comments(body.split("\n")):
        match = None if is_code else _HEADING.fullmatch(line)
        if match is not None:
            level, heading = len(match["level"]), (match["text"] or "").strip()
            section = _SECTION_OF.get(_plain(heading))
            in_outcome = area == "outcome" and _plain(heading) in lines.PARTS_OF_OUTCOME
            if level < 3 or in_outcome or area in ("options", "arguments"):
                yield block
                if level < 3:
                    area = section or ""
                block = _Block(level, heading, section if level < 3 or in_outcome else "option")
                continue
        block.rows.append(line)
    yield block


def _plain(heading: str) -> str:
    """A heading as it is compared: without comments, numbers, signs and case."""
    if len(heading) > _HEADING_CHARACTERS_MAX:
        return ""
    bare = re.sub(r"<!--.*?-->|[*_#`]", " ", heading)
    return " ".join(re.sub(r"^[ \t]*\d{1,3}[.)]", " ", bare).lower().split()).rstrip(":")


class _Reader:
    """Takes blocks in their order and makes a record of them."""

    def __init__(self, facts: dict[str, str | list[str]]) -> None:
        self._facts = facts
        self._has_front_matter = bool(facts)
        self._title: str | None = None
        self._texts: dict[str, list[str]] = {}
        self._points: dict[str, list[str]] = {"drivers": [], "consequences": []}
        self._options = Options()
        self._status_text = ""

    def take(self, block: _Block) -> None:
        """One block."""
        if block.section == "preamble" or (block.level == 1 and self._title is None):
            if block.level == 1:
                self._title = block.heading
            self._take_preamble(block)
        elif block.section in ("drivers", "consequences", "positive", "negative"):
            self._take_points(block, block.section)
        elif block.section == "options":
            titles = read_points(block.text)
            self._take_rest(block, block.text) if titles is None else self._options.add_all(titles)
        elif block.section == "option":
            verdicts, rest = read_verdicts(block.text)
            self._options.tell(block.heading, verdicts, lines.OPTION.unescape(lines.trimmed(rest)))
        elif block.section == "status" and "status" not in self._facts and not self._status_text:
            self._status_text = block.text
        elif block.section == "outcome":
            # As it stands: whether its first line chooses an option shows before escapes are taken away.
            self._add("outcome", block.text)
        elif block.section == "confirmation":
            self._add("confirmation", lines.CONFIRMATION.unescape(block.text))
        elif block.section in ("context", "notes", "arguments"):
            self._add("context" if block.section == "context" else "notes", lines.SECTION.unescape(block.text))
        else:
            self._take_rest(block, lines.SECTION.unescape(block.text))

    def document(self, title: str) -> Document:
        """What was taken."""
        facts = {name: value if isinstance(value, str) else ", ".join(value) for name, value in self._facts.items()}
        status, target = read_status(facts.get("status") or self._status_text)
        prose = {name: self._prose(name) for name in ("context", "outcome", "confirmation", "notes")}
        chosen, outcome = self._chosen(prose["outcome"])
        return Document(
            title=self._clean_title(title),
            status=status,
            superseded_by=target,
            decided_on=read_day(facts.get("date", "")),
            revisit_on=read_day(facts.get("revisit-on", "")),
            decision_makers=self._people("decision-makers", "deciders"),
            consulted=self._people("consulted"),
            informed=self._people("informed"),
            context=prose["context"],
            drivers=self._points["drivers"],
            options=self._options.alternatives(),
            chosen=chosen,
            outcome=outcome,
            consequences=self._points["consequences"],
            confirmation=prose["confirmation"],
            notes=prose["notes"],
        )

    def _add(self, name: str, text: str) -> None:
        if text:
            self._texts.setdefault(name, []).append(text)

    def _prose(self, name: str) -> str:
        return lines.trimmed("\n\n".join(self._texts.get(name, [])))

    def _take_preamble(self, block: _Block) -> None:
        """Under the title, before all sections: facts as MADR 2 and adr-tools have them, and what else there is."""
        rest: list[str] = []
        for row in block.rows:
            fact = _FACT.fullmatch(row.strip())
            if fact is None:
                rest.append(row)
                continue
            name = fact["name"].lower().replace("-", " ")
            self._facts.setdefault("decision-makers" if name in _MAKERS else name, (fact["value"] or "").strip())
        self._add("context", lines.trimmed("\n".join(rest)))

    def _take_points(self, block: _Block, section: str) -> None:
        points = read_points(block.text)
        if points is None:
            self._take_rest(block, block.text)
            return
        word = {"positive": "Good", "negative": "Bad"}.get(section)
        if word is not None:
            points = [one if one.lower().startswith(word.lower()) else f"{word}: {one}" for one in points]
        self._points["drivers" if section == "drivers" else "consequences"] += points

    def _take_rest(self, block: _Block, text: str) -> None:
        """What has no field of its own, with its heading."""
        if block.heading or text:
            self._add("notes", lines.trimmed(f"**{block.heading or '…'}**\n\n{text}"))

    def _people(self, *names: str) -> list[str]:
        for name in names:
            if name in self._facts:
                return front_matter.texts(self._facts[name])
        return []

    def _clean_title(self, fallback: str) -> str:
        title = (self._title or "").strip() or fallback.strip()
        # Records with front matter have their number in the name of the file alone.
        return title if self._has_front_matter else title[match.end() :] if (match := _NUMBER.match(title)) else title

    def _chosen(self, text: str) -> tuple[int | None, str]:
        """The option that is chosen, and the reasons without the words that say so."""
        first, _, following = text.partition("\n")
        match = _CHOSEN.fullmatch(first)
        found = None if match is None else self._options.choose(match["rest"])
        if found is None:
            return None, lines.OUTCOME.unescape(text)
        place, reason = found
        return place, lines.OUTCOME.unescape(lines.trimmed(f"{reason}\n{following}"))
