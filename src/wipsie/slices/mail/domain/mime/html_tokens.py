"""HTML taken apart into text and tags, along the rules of HTML 5 (section 13.2.5), in time that grows with its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

KEPT_ATTRIBUTES = frozenset({"alt", "hidden", "href", "style"})
ATTRIBUTE_CHARACTERS_MAX = 10_000
"""What is longer is cut: pictures within the page, mostly."""
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"[a-zA-Z][^\s/>\x00]*")
_TO_ATTRIBUTE = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"=?[^\s/>=]*")
_BLANKS = re.compile(r"\s*")
_BARE = re.compile(r"[^\s>]*")
# Their content is no markup; only the end tag of the same name ends it.
_RAW = frozenset({"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"})
_RAW_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}


class StartTag(msgspec.Struct, frozen=True):
    name: str
    attributes: dict[str, str]
    """Those of `KEPT_ATTRIBUTES`, not unescaped."""


class EndTag(msgspec.Struct, frozen=True):
    name: str


def tokens_of(source: str) -> Iterator[str | StartTag | EndTag]:
    """Text (not unescaped), start tags and end tags. Comments, declarations and the content of scripts are left out; so is all
    that follows a tag or comment which nothing closes."""
    reader = _Reader(source)
    place = 0
    while place < len(source):
        markup = _MARKUP.search(source, place)
        if markup is None:
            yield source[place:]
            return
        if markup.start() > place:
            yield source[place : markup.start()]
        tag, place = reader.read(markup.start())
        if tag is not None:
            yield tag
            if isinstance(tag, StartTag) and tag.name in _RAW:
                end = _RAW_ENDS[tag.name].search(source, place)
                # The end tag itself is read as any other.
                place = end.start() if end is not None else len(source)


class _Reader:
    """Reads what begins with an angle bracket."""

    def __init__(self, source: str) -> None:
        self._source = source

    def read(self, start: int) -> tuple[StartTag | EndTag | None, int]:
        """The tag at `start`, None for what is no tag, and the place behind it."""
        source = self._source
        if source.startswith("<!--", start):
            # "<!-->" is a whole comment.
            return None, self._behind("-->", start + 2)
        is_end = source.startswith("</", start)
        name = _NAME.match(source, start + (2 if is_end else 1))
        if name is None:
            # "</>" and declarations end with the next bracket.
            return None, self._behind(">", start + 2)
        if is_end:
            return EndTag(name[0].lower()), self._behind(">", name.end())
        attributes, end = self._attributes(name.end())
        return StartTag(name[0].lower(), attributes), end

    def _behind(self, mark: str, start: int) -> int:
        found = self._source.find(mark, start)
        return len(self._source) if found < 0 else found + len(mark)

    def _attributes(self, place: int) -> tuple[dict[str, str], int]:
        source = self._source
        attributes: dict[str, str] = {}
        while True:
            place = _end(_TO_ATTRIBUTE, source, place)
            if place >= len(source):
                return attributes, place
            if source[place] == ">":
                return attributes, place + 1
            name_start, place = place, _end(_ATTRIBUTE, source, place)
            name = source[name_start : min(place, name_start + 100)].lower()
            value, place = self._value(place)
            if name in KEPT_ATTRIBUTES:
                attributes.setdefault(name, value)

    def _value(self, place: int) -> tuple[str, int]:
        source = self._source
        equals = _end(_BLANKS, source, place)
        if not source.startswith("=", equals):
            return "", place
        start = _end(_BLANKS, source, equals + 1)
        mark = source[start : start + 1]
        # A mark that nothing closes is one of the value, or all the rest of the page would be. It is the last of its kind, so
        # no other is looked for in vain.
        if mark in {'"', "'"} and (end := source.find(mark, start + 1)) >= 0:
            return source[start + 1 : min(end, start + 1 + ATTRIBUTE_CHARACTERS_MAX)], end + 1
        end = _end(_BARE, source, start)
        return source[start : min(end, start + ATTRIBUTE_CHARACTERS_MAX)], end


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    """Where a pattern ends that matches everywhere."""
    match = pattern.match(text, place)
    return place if match is None else match.end()
