"""The options of a record while it is read: named in one section, told of in another, chosen in a third."""

from __future__ import annotations

import re

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.madr.document import Alternative

OPTIONS_MAX = 50
TITLE_CHARACTERS_MAX = 200
_SIGNS = re.compile(r"[*_`\"'\[\]{}<>“”„]|\(#[^)]*\)")
_QUOTED = re.compile(r"""(?:\*\*|["“„'`])(?P<title>.+?)(?:\*\*|["”“'`])(?P<tail>.*)""")
_BECAUSE = re.compile(r"(?P<title>.+?)(?P<tail>,? because\b.*)", re.IGNORECASE)
_TAIL = re.compile(r"[,.:;]?[ \t]*(?:because\b[ \t]*:?[ \t]*)?(?P<reason>.*)", re.IGNORECASE)


class Options:
    """Options in the order in which they were named."""

    def __init__(self) -> None:
        self._titles: list[str] = []
        self._places: dict[str, int] = {}
        """By title, and by the title as it is compared."""
        self._descriptions: dict[int, list[str]] = {}
        self._verdicts: dict[int, dict[str, list[str]]] = {}

    def add_all(self, texts: list[str]) -> None:
        """The list of options. What is too long for a title is told in full below it."""
        for text in texts:
            place = self._place(text)
            if len(text) > TITLE_CHARACTERS_MAX:
                self._descriptions.setdefault(place, []).append(text)

    def tell(self, title: str, verdicts: dict[str, list[str]], description: str) -> None:
        """What is said of one."""
        place = self._place(title or "…")
        if description:
            self._descriptions.setdefault(place, []).append(description)
        mine = self._verdicts.setdefault(place, {"good": [], "neutral": [], "bad": []})
        for verdict, points in verdicts.items():
            mine[verdict] += points

    def choose(self, text: str) -> tuple[int, str] | None:
        """The place of the option a sentence names after "Chosen option:", and the reasons that follow; None when it names
        none that could be one."""
        for place in sorted(range(len(self._titles)), key=lambda place: -len(self._titles[place])):
            quoted = f'"{self._titles[place]}"'
            if text == quoted or text.startswith(f"{quoted}, because "):
                return place, text[len(quoted) :].removeprefix(", because ")
        match = _QUOTED.match(text) or _BECAUSE.match(text)
        title, tail = (match["title"], match["tail"]) if match is not None else (text.rstrip("."), "")
        if len(title) > TITLE_CHARACTERS_MAX or not compared_title(title):
            return None
        reason = _TAIL.fullmatch(tail)
        return self._place(title), "" if reason is None else reason["reason"].strip()

    def alternatives(self) -> list[Alternative]:
        """All of them."""
        return [
            Alternative(
                title=title,
                description="\n\n".join(self._descriptions.get(place, [])),
                pros=verdicts.get("good", []),
                neutral=verdicts.get("neutral", []),
                cons=verdicts.get("bad", []),
            )
            for place, title in enumerate(self._titles)
            for verdicts in (self._verdicts.get(place, {}),)
        ]

    def _place(self, text: str) -> int:
        """Where the option of this title stands; at the end if it is new."""
        title = " ".join(text.split("\t")).strip()
        if len(title) > TITLE_CHARACTERS_MAX:
            title = title[: TITLE_CHARACTERS_MAX - 1].rstrip() + "…"
        for name in _names(title):
            if (place := self._places.get(name)) is not None:
                return place
        if len(self._titles) == OPTIONS_MAX:
            raise InvalidInput(
                f"A decision record has at most {OPTIONS_MAX} options.",
                details={"field": "options", "max": OPTIONS_MAX},
            )
        self._titles.append(title)
        for name in _names(title):
            self._places.setdefault(name, len(self._titles) - 1)
        return len(self._titles) - 1


def _names(title: str) -> tuple[str, ...]:
    # What compared titles and titles as they stand are kept apart by: no title holds a line break.
    compared = compared_title(title)
    return (title, f"\n{compared}") if compared else (title,)


def compared_title(title: str) -> str:
    """A title without case, signs of emphasis and quotation: two options with the same are one."""
    return " ".join(_SIGNS.sub(" ", title).casefold().split()).rstrip(". ")
