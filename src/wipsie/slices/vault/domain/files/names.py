"""File names as others chose them, made harmless: text to show, never a path."""

from __future__ import annotations

import re
import unicodedata

NAME_CHARACTERS_MAX = 120
_READ_CHARACTERS_MAX = 4_096
"""Of a hostile name; what is behind is not looked at, but for the ending."""
_PARTS = re.compile(r"[/\\\u2044\u2215\u29f8\uff0f\uff3c]")
"""Both slashes, and the signs that look like one or become one when a name is normalised."""
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_RESERVED = re.compile(r'[<>:"|?*]')
_SPACES = re.compile(r"\s+")


def clean_file_name(written: str | None) -> str | None:
    """At most `NAME_CHARACTERS_MAX` characters of the last part of a path, without control and direction characters; None
    when nothing is left. A short ending survives the cut."""
    if not written:
        return None
    if len(written) > _READ_CHARACTERS_MAX:
        written = written[: _READ_CHARACTERS_MAX // 2] + written[-_READ_CHARACTERS_MAX // 2 :]
    visible = "".join(character for character in written if _is_visible(character))
    last = _PARTS.split(unicodedata.normalize("NFC", visible))[-1]
    name = _SPACES.sub(" ", _RESERVED.sub("_", last)).strip(" .")
    if len(name) > NAME_CHARACTERS_MAX:
        found = _ENDING.search(name)
        ending = found[0] if found else ""
        name = name[: NAME_CHARACTERS_MAX - len(ending)].rstrip(" .") + ending
    return name or None


def _is_visible(character: str) -> bool:
    # Cc: controls; Cf: direction overrides, joiners and other signs nobody sees; Cs: halves of surrogate pairs; Zl, Zp:
    # separators that break a line where none is expected.
    category = unicodedata.category(character)
    return character in "\t\n\r" or category not in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
