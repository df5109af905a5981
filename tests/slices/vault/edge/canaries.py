"""Values nobody may find outside of where they are sealed, in all the forms in which they could lie about."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote, quote_plus

import msgspec

_BASE64_DIGITS_MIN = 7
"""Fewer of them are found in any random text."""


class Found(msgspec.Struct, frozen=True, order=True):
    """A value where it should not be."""

    where: str
    kind: str
    form: str


class Canaries:
    """What is secret, by what it is."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._patterns: list[tuple[str, str, re.Pattern[bytes] | bytes]] = []

    def add(self, kind: str, *values: str, only_plain: bool = False) -> None:
        """Values of a kind; short numbers are looked for where they stand alone. `only_plain`: for many that hold nothing but what is
        looked for in all forms anyway."""
        for value in values:
            if value in self._values:
                continue
            self._values[value] = kind
            forms = _forms(value)[: 1 if only_plain else None]
            self._patterns += [(kind, form, sought) for form, sought in forms]

    def __len__(self) -> int:
        return len(self._values)

    def in_bytes(self, content: bytes, where: str) -> list[Found]:
        """What of it is in there."""
        if not content:
            return []
        lower = content.lower()
        return [
            Found(where, kind, form)
            for kind, form, sought in self._patterns
            if (
                sought.search(content)
                if isinstance(sought, re.Pattern)
                else sought in (content if form.startswith("base64") else lower)
            )
        ]

    def in_folder(self, folder: Path) -> list[Found]:
        """What of it is in its files, or in their names."""
        found: list[Found] = []
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            found += self.in_bytes(name.encode(), f"the name of {name}")
            if path.is_file():
                found += self.in_bytes(path.read_bytes(), name)
        return found


def _forms(value: str) -> list[tuple[str, re.Pattern[bytes] | bytes]]:
    raw = value.encode()
    forms: dict[bytes, str] = {}

    def form(name: str, content: str | bytes) -> None:
        forms.setdefault(content.encode() if isinstance(content, str) else content, name)

    is_short_number = value.isdigit() and len(value) < 10
    if not is_short_number:
        # Letters that are none of ASCII are not made small in bytes.
        for name, text in (("plain", value), ("plain, large", value.upper())):
            form(name, text.encode().lower())
            form(f"{name}, in JSON", json.dumps(text)[1:-1].lower())
        form("plain, utf-16", value.encode("utf-16-le").lower())
        form("plain, reversed", value[::-1].encode().lower())
    form("hex", raw.hex())
    for name, quoted in (("url", quote(value, safe="")), ("url of a form", quote_plus(value))):
        if quoted != value:
            form(name, quoted.lower())
    form("url, every letter", "".join(f"%{byte:02x}" for byte in raw))
    for shift in range(3):
        # Whatever stands before and after it: the digits that depend on nothing else.
        digits = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        spoiled = (0, 2, 3)[shift]
        own = digits[spoiled : len(digits) - (1 if (shift + len(raw)) % 3 else 0)]
        if len(own) >= _BASE64_DIGITS_MIN:
            form("base64", own)
            form("base64, for URLs", own.replace("+", "-").replace("/", "_"))
    found: list[tuple[str, re.Pattern[bytes] | bytes]] = [(name, content) for content, name in forms.items()]
    if is_short_number:
        found.append(("plain, alone", re.compile(rb"(?<![0-9A-Za-z])" + raw + rb"(?![0-9A-Za-z])")))
    return found
