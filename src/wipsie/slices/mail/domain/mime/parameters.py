"""Values with parameters, as Content-Type and Content-Disposition have: ``text/plain; charset=utf-8``.

Parameters in several pieces and with a character set are joined (RFC 2231), quotation marks that are not closed end with the
value. One pass; the first of two parameters of one name counts.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from wipsie.slices.mail.domain.mime.charsets import decoded
from wipsie.slices.mail.domain.mime.defects import Defects

VALUE_CHARACTERS_MAX = 16_384
PARAMETERS_MAX = 100
_NAME = re.compile(r"[^=;]*")
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)(?:"|\\?\Z)[^;]*', re.DOTALL)
_BARE = re.compile(r"[^;]*")
# Of quotation marks and itself alone: programs write paths of Windows without escapes.
_ESCAPE = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"(?P<name>[^*]+)(?:\*(?P<section>\d{1,3}))?(?P<encoded>\*)?")


def read_value(text: str, defects: Defects) -> tuple[str, dict[str, str]]:
    """The value in lower case, and its parameters by lower-case name, as they stand there."""
    if len(text) > VALUE_CHARACTERS_MAX:
        defects.cut(f"A header field with parameters is longer than {VALUE_CHARACTERS_MAX} characters.")
        text = text[:VALUE_CHARACTERS_MAX]
    value, _, rest = text.partition(";")
    whole: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, written in _pairs(rest):
        match = _SECTION.fullmatch(name)
        if match is None:
            continue
        if match["section"] is None and match["encoded"] is None:
            whole.setdefault(name, written)
        else:
            pieces = sections.setdefault(match["name"], {})
            pieces.setdefault(int(match["section"] or 0), (written, match["encoded"] is not None))
    # A program that knows the better form writes the plain one for programs that do not.
    return value.strip().lower(), whole | {name: _joined(pieces, defects) for name, pieces in sections.items()}


def _pairs(rest: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    place = 0
    while place < len(rest) and len(pairs) < PARAMETERS_MAX:
        name_end = _end(_NAME, rest, place)
        name = rest[place:name_end].strip().lower()
        if name_end == len(rest) or rest[name_end] == ";":
            place = name_end + 1
            continue
        quoted = _QUOTED.match(rest, name_end + 1)
        if quoted is not None:
            pairs.append((name, _ESCAPE.sub(r"\1", quoted[1])))
            place = quoted.end() + 1
        else:
            value_end = _end(_BARE, rest, name_end + 1)
            pairs.append((name, rest[name_end + 1 : value_end].strip()))
            place = value_end + 1
    return pairs


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return place if match is None else match.end()


def _joined(pieces: dict[int, tuple[str, bool]], defects: Defects) -> str:
    charset: str | None = None
    joined = b""
    for index, section in enumerate(sorted(pieces)):
        if section != index:
            defects.note("A parameter of several pieces lacks one.")
        text, is_encoded = pieces[section]
        if not is_encoded:
            joined += text.encode(errors="replace")
            continue
        if index == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        joined += unquote_to_bytes(text)
    return decoded(joined, charset or "utf-8", defects)
