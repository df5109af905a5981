"""Words of headers that travel as ASCII: ``=?utf-8?q?Gr=C3=BC=C3=9Fe?=`` (RFC 2047).

Read in one pass and more tolerantly than the rule: within quotation marks, glued to other text, longer than 75 characters, and
with a character split between two words, since all of that is sent.
"""

from __future__ import annotations

import base64
import binascii
import re

from wipsie.slices.mail.domain.mime.charsets import decoded
from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.transfer import NOT_BASE64

_WORD = re.compile(r"=\?(?P<charset>[^?\s]{1,60})\?(?P<form>[bBqQ])\?(?P<text>[^?]*)\?=")

WORD_BYTES_MAX = 45
"""Of UTF-8 text in one word that we write: a word has at most 75 characters (RFC 2047, 2)."""


def encode_words(text: str) -> list[str]:
    """The text as encoded words, at least one. Cut between characters: each word is decoded by itself."""
    words: list[str] = []
    part = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(part) + len(encoded) > WORD_BYTES_MAX:
            words.append(_word(part))
            part = b""
        part += encoded
    return [*words, _word(part)]


def _word(part: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(part).decode()}?="


def decode_words(text: str, defects: Defects) -> str:
    """A header value with its encoded words decoded. What only looks like one stays as it is."""
    if "=?" not in text:
        return text
    parts: list[str] = []
    run: list[bytes] = []
    charset = ""
    place = 0
    for match in _WORD.finditer(text):
        between = text[place : match.start()]
        # RFC 2231, section 5: a language may follow the character set.
        found = match["charset"].partition("*")[0].lower()
        # White space between two encoded words is no part of the text.
        if between.strip() or not run:
            _end(run, charset, parts, defects)
            parts.append(between)
        elif found != charset:
            _end(run, charset, parts, defects)
        charset = found
        run.append(_bytes_of(match["form"], match["text"]))
        place = match.end()
    _end(run, charset, parts, defects)
    parts.append(text[place:])
    return "".join(parts)


def _end(run: list[bytes], charset: str, parts: list[str], defects: Defects) -> None:
    if run:
        parts.append(decoded(b"".join(run), charset, defects))
        run.clear()


def _bytes_of(form: str, text: str) -> bytes:
    # Bytes above 127 were decoded before; no encoded word may hold any, but UTF-8 is what they would be.
    raw = text.encode("utf-8", errors="replace")
    if form in "qQ":
        return binascii.a2b_qp(raw, header=True)
    letters = raw.translate(None, NOT_BASE64).partition(b"=")[0]
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
