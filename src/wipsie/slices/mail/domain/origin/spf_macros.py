"""Macros, by which records of SPF name domains that depend on the mail (RFC 7208, section 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import msgspec

from wipsie.slices.mail.domain.origin.domain_names import NAME_CHARACTERS_MAX

_TOKEN = re.compile(
    r"""
      %\{(?P<letter>[a-z])(?P<count>[0-9]*)(?P<reverse>r?)(?P<delimiters>[-.+,/_=]*)\}
    | %(?P<sign>[%_-])
    | (?P<text>[!-$&-~]+)
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SIGNS = {"%": "%", "_": " ", "-": "%20"}
_LETTERS = frozenset("slodiphv")
_LETTERS_OF_EXPLANATIONS = frozenset("crt")
_TOP_LABEL = re.compile(r"(?![0-9]+\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE | re.ASCII)
_COUNT_DIGITS_MAX = 3


class BadRecord(Exception):
    """A record breaks the rules of its kind, so that nothing can be made of it."""


class Macro(msgspec.Struct, frozen=True):
    """One macro: a value, cut at the delimiters, perhaps turned round, and so many of its last parts."""

    letter: str
    count: int
    """0 for all."""
    is_reversed: bool
    delimiters: str
    is_escaped: bool
    """For a URL."""

    def expand(self, value: str) -> str:
        """What stands in its place."""
        parts = re.split(f"[{re.escape(self.delimiters)}]", value)
        if self.is_reversed:
            parts.reverse()
        expanded = ".".join(parts[-self.count :])
        return quote(expanded, safe="") if self.is_escaped else expanded


MacroText = tuple[str | Macro, ...]


def read_macros(text: str) -> MacroText:
    """A text that may hold any macro. BadRecord."""
    return tuple(_part(token, _LETTERS | _LETTERS_OF_EXPLANATIONS) for token in _tokens(text))


def read_domain(text: str) -> MacroText:
    """A domain that may hold macros (RFC 7208, section 7.1: domain-spec): it ends in a macro or in a label that can stand at
    the top. BadRecord."""
    tokens = _tokens(text)
    if not tokens or tokens[-1]["text"] is not None:
        _, dot, label = text.removesuffix(".").rpartition(".")
        if not dot or _TOP_LABEL.fullmatch(label) is None:
            raise BadRecord(f"'{text[:50]}' is no domain.")
    return tuple(_part(token, _LETTERS) for token in tokens)


def expand_domain(written: MacroText, value_of: Callable[[str], str]) -> str:
    """The domain that is meant, without a dot at its end, and without its first labels when it is too long (RFC 7208, section
    7.3). `value_of` gives the value of a lower-case letter."""
    name = "".join(part if isinstance(part, str) else part.expand(value_of(part.letter)) for part in written)
    name = name.removesuffix(".").lower()
    if len(name) > NAME_CHARACTERS_MAX:
        name = name[-NAME_CHARACTERS_MAX - 1 :].partition(".")[2]
    return name


def _tokens(text: str) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise BadRecord(f"'{text[:50]}' holds something that is no macro.")
        tokens.append(token)
        place = token.end()
    return tokens


def _part(token: re.Match[str], letters: frozenset[str]) -> str | Macro:
    if token["text"] is not None:
        return token["text"]
    if token["sign"] is not None:
        return _SIGNS[token["sign"]]
    letter, digits = token["letter"].lower(), token["count"].lstrip("0")
    if letter not in letters or (token["count"] and not digits):
        raise BadRecord(f"'{token[0][:50]}' is no macro.")
    return Macro(
        letter=letter,
        # No name has a thousand labels.
        count=int(digits) if digits and len(digits) <= _COUNT_DIGITS_MAX else 0,
        is_reversed=bool(token["reverse"]),
        delimiters=token["delimiters"] or ".",
        is_escaped=token["letter"].isupper(),
    )
