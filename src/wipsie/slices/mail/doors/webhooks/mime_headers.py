"""Headers of a mail that is put together: one line each, whatever was in them, and readable by every mail program.

Not by the library's own header classes: they take apart what is in an address, and a hostile one costs them time without
bound. Here every header is gone through once.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from wipsie.slices.mail.domain.foreign_texts import one_line
from wipsie.slices.mail.domain.mime.encoded_words import encode_words

HEADER_CHARACTERS_MAX = 32_768
LINE_CHARACTERS = 76
_NAME = re.compile(r"[!-9;-~]{1,100}")
_ADDRESS_NAMES = frozenset(("from", "to", "cc", "bcc", "reply-to", "sender", "return-path"))
_AROUND_WORDS = " (),;:"
_CLOSED_BY_OTHERS = '"<'
_SIGNS = _CLOSED_BY_OTHERS + _AROUND_WORDS


def header(name: str, value: str) -> bytes:
    """The lines of one header, folded, with the last line break; nothing for a name that no header has. Beyond ASCII it is
    written in encoded words (RFC 2047), an address alone in UTF-8 (RFC 6532)."""
    if not _NAME.fullmatch(name):
        return b""
    text = one_line(value, HEADER_CHARACTERS_MAX)
    if not text.isascii():
        text = _encode_phrases(text) if name.lower() in _ADDRESS_NAMES else _encode_words(text)
    return folded(f"{name}: {text}")


def folded(line: str) -> bytes:
    """The line broken before blanks, where it has some, so that unfolding gives it back."""
    words = line.split(" ")
    lines, current = list[str](), words[0]
    for place, word in enumerate(words[1:]):
        # Not right behind the name: a line of blanks alone ends no header, but confuses some readers.
        if place and current.strip() and word and len(current) + 1 + len(word) > LINE_CHARACTERS:
            lines.append(current)
            current = f" {word}"
        else:
            current = f"{current} {word}"
    return ("\r\n".join([*lines, current]).rstrip() + "\r\n").encode("utf-8", "replace")


def mailbox(name: str, address: str) -> str:
    """``"Ann Example" <ann@example.org>``, or the address alone without a name."""
    shown = one_line(name, 1000).replace("\\", "").replace('"', "")
    return f'"{shown}" <{address}>' if shown else address


def parameter(name: str, value: str) -> str:
    """``; name=value`` of Content-Type and Content-Disposition, in pieces when it is long or not ASCII (RFC 2231)."""
    if value.isascii() and len(value) <= 60 and not set(value) & set('"\\'):
        return f'; {name}="{value}"'
    escaped = re.findall(r"%..|.", quote(value.encode("utf-8", "replace"), safe=""))
    pieces = ["".join(escaped[start : start + 15]) for start in range(0, len(escaped), 15)]
    charset = "utf-8''"
    if len(pieces) == 1:
        return f"; {name}*={charset}{pieces[0]}"
    return "".join(f"; {name}*{number}*={piece if number else charset + piece}" for number, piece in enumerate(pieces))


def _encode_words(text: str) -> str:
    """Words beyond ASCII encoded, those that follow each other together: a blank between two encoded words is not shown."""
    shown: list[str] = []
    foreign: list[str] = []
    for word in text.split(" "):
        if not word.isascii() or (foreign and not word):
            foreign.append(word)
            continue
        if foreign:
            shown.append(" ".join(encode_words(" ".join(foreign))))
            foreign = []
        shown.append(word)
    if foreign:
        shown.append(" ".join(encode_words(" ".join(foreign))))
    return " ".join(shown)


def _encode_phrases(text: str) -> str:
    """The same for addresses: names are encoded, quoted ones as a whole; what stands in ``<>`` or has an @ is left alone."""
    shown: list[tuple[str, bool]] = []
    tokens = _tokens(text)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        is_quoted = token.startswith('"')
        of_an_address = token.startswith("<") or following.startswith("@") or ("@" in token and not is_quoted)
        if token.isascii() or of_an_address:
            shown.append((token, False))
            continue
        name = re.sub(r"\\(.)", r"\1", token[1:-1]) if is_quoted else token
        if len(shown) > 1 and shown[-1][0] == " " and shown[-2][1]:
            shown[-2:] = [(f"{shown[-2][0]} {name}", True)]
        else:
            shown.append((name, True))
    parts: list[str] = []
    for place, (token, is_foreign) in enumerate(shown):
        # An encoded word stands alone, or it is none.
        if is_foreign and place and shown[place - 1][0][-1:] not in _AROUND_WORDS:
            parts.append(" ")
        parts.append(" ".join(encode_words(token)) if is_foreign else token)
        if is_foreign and place + 1 < len(shown) and shown[place + 1][0][:1] not in _AROUND_WORDS:
            parts.append(" ")
    return "".join(parts)


def _tokens(text: str) -> list[str]:
    """A text of addresses in pieces: quoted names and ``<…>`` as a whole, blanks and commas, and what is between them. A quote
    or bracket without its end is a piece by itself."""
    found: list[str] = []
    unclosed: set[str] = set()
    between = place = 0
    while place < len(text):
        sign = text[place]
        if sign not in _SIGNS:
            place += 1
            continue
        end = place
        if sign in _CLOSED_BY_OTHERS and sign not in unclosed:
            end = _end_of_quoted(text, place) if sign == '"' else text.find(">", place)
            if end < 0:
                # Looked for once, or many of them would take the square of the time.
                unclosed.add(sign)
                end = place
        found += [text[between:place], text[place : end + 1]]
        between = place = end + 1
    return [token for token in (*found, text[between:]) if token]


def _end_of_quoted(text: str, start: int) -> int:
    place = start + 1
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == '"':
            return place
        place += 1
    return -1
