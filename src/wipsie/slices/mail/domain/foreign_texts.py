"""Texts of others, made harmless: one line, of characters that every queue and header can carry, and not endless."""

from __future__ import annotations

import re
from collections.abc import Iterable

ADDRESS_CHARACTERS_MAX = 320
"""64 before the @ and 255 after it (RFC 5321, 4.5.3.1)."""
RECIPIENTS_MAX = 500
NAME_CHARACTERS_MAX = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NOT_OF_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff<>]+")
_WORD = re.compile(r"[a-z][a-z_-]{0,29}")
_ENDING = re.compile(r"\.[^.]{1,20}\Z")


def one_line(text: str, characters_max: int) -> str:
    """Line breaks and other control characters are spaces."""
    return _CONTROL.sub(" ", text[:characters_max]).strip()


def address(text: str) -> str:
    """An address without brackets, blanks and control characters; it need not be one."""
    return _NOT_OF_ADDRESSES.sub("", text[: 2 * ADDRESS_CHARACTERS_MAX])[:ADDRESS_CHARACTERS_MAX]


def addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """The same for several, without repeats."""
    found = dict.fromkeys(address(text) for text in texts)
    found.pop("", None)
    return tuple(found)[:RECIPIENTS_MAX]


def verdict(text: str | None) -> str | None:
    """One word of a provider's judgement in lower case; None when there is none."""
    word = (text or "").strip().lower()
    return word if _WORD.fullmatch(word) else None


def verdicts(**given: str | None) -> dict[str, str]:
    """The verdicts there are."""
    return {name: word for name, word in given.items() if word is not None}


def file_name(text: str) -> str:
    """The last part of a path, its ending kept when it is too long; empty when nothing is left."""
    name = one_line(re.split(r"[/\\]", text[-4096:])[-1], 4096).strip(". ")
    if len(name) <= NAME_CHARACTERS_MAX:
        return name
    ending = _ENDING.search(name)
    kept = ending.group() if ending else ""
    return name[: NAME_CHARACTERS_MAX - len(kept)] + kept
