"""Text as it may be kept and shown: no surrogates, no control characters, one line where one line is meant."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
# C1 controls and the line breaks of Unicode as well: a header value is one line for every reader.
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Signs that turn the direction of what follows: "gpj.exe" would be shown as "exe.jpg".
_TURNS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SUFFIX_CHARACTERS_MAX = 20


def clean_text(text: str) -> str:
    """Text of several lines: line ends become LF, other control characters go, surrogates become U+FFFD."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def one_line(text: str, characters_max: int) -> str:
    """Text of one line: white space and control characters become single spaces. What is longer ends in an ellipsis."""
    return shortened(_SURROGATES.sub("\ufffd", _BLANKS.sub(" ", text)).strip(), characters_max)


def shortened(text: str, characters_max: int) -> str:
    """At most so many characters; what is longer ends in an ellipsis."""
    return text if len(text) <= characters_max else f"{text[: characters_max - 1].rstrip()}…"


def file_name(text: str, characters_max: int) -> str:
    """The last part of a path, fit to be shown; empty when nothing is left. The ending stays when the name is shortened."""
    name = _TURNS.sub("", one_line(text, 10 * characters_max)).replace("\\", "/").rpartition("/")[2].strip()
    if not name.strip("."):
        return ""
    if len(name) <= characters_max:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > _SUFFIX_CHARACTERS_MAX:
        return shortened(name, characters_max)
    return f"{shortened(stem, characters_max - len(suffix) - 1)}.{suffix}"
