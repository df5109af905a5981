"""Lists of addresses as mails have them (RFC 5322, section 3.4), in whatever state they are: one pass, nothing refused."""

from __future__ import annotations

import re

import msgspec

from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.encoded_words import decode_words
from wipsie.slices.mail.domain.mime.parsed import ADDRESS_CHARACTERS_MAX, NAME_CHARACTERS_MAX, MailAddress
from wipsie.slices.mail.domain.mime.texts import one_line

_TOKEN = re.compile(
    r"""
      "(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\\?\Z)
    | <(?P<angle>[^<>]*)>
    | <(?P<open>[^<>,;\s]*)
    | (?P<sign>[,;:(])
    | (?P<blank>\s+)
    | (?P<word>(?:\[[^\[\]]*\]|[^\s"<,;:(\[]|\[)+)
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ROUTE = re.compile(r"\s*@[^:]*:")
_BLANKS = re.compile(r"\s+")


class _Word(msgspec.Struct, frozen=True):
    text: str
    is_quoted: bool = False

    def written(self) -> str:
        """As in an address, where the marks belong to it."""
        return f'"{self.text}"' if self.is_quoted else self.text


_BLANK = _Word(" ")


class _Reader:
    """Collects one mailbox after the other."""

    def __init__(self, count_max: int, defects: Defects) -> None:
        self.found: list[MailAddress] = []
        self._count_max = count_max
        self._defects = defects
        self._words: list[_Word] = []
        self._comment = ""
        self._angle: str | None = None
        self._has_comments = True

    def read(self, text: str) -> None:
        place = 0
        while place < len(text) and len(self.found) <= self._count_max:
            match = _TOKEN.match(text, place)
            if match is None:
                place += 1
                continue
            place = match.end()
            angle = match["open"] if match["angle"] is None else match["angle"]
            if match["sign"] == "(":
                place = self._read_comment(text, place)
            elif match["sign"] == ":":
                # The name of a group; its members follow.
                self._forget()
            elif match["sign"]:
                self._end()
            elif angle is not None:
                self._angle = self._angle or angle
            elif match["quoted"] is not None:
                self._words.append(_Word(_ESCAPE.sub(r"\1", match["quoted"]), is_quoted=True))
            else:
                self._words.append(_BLANK if match["blank"] else _Word(match["word"]))
        self._end()

    def _read_comment(self, text: str, start: int) -> int:
        depth = 1
        for sign in _IN_COMMENT.finditer(text, start) if self._has_comments else ():
            depth += {"(": 1, ")": -1}.get(sign[0], 0)
            if depth == 0:
                self._comment = self._comment or text[start : sign.start()]
                return sign.end()
        # Never closed: this bracket is one of the text, and all that follow are, or each would be looked through to the end.
        self._has_comments = False
        self._words.append(_Word("("))
        return start

    def _end(self) -> None:
        words = self._words
        if self._angle is None and any("@" in word.text for word in words if not word.is_quoted):
            address, name = _split(words)
        else:
            address, name = self._angle or "", "".join(word.text for word in words)
        name = name.strip() or self._comment
        self._forget()
        route = _ROUTE.match(address)
        address = address[route.end() :] if route else address
        # Within quotation marks a blank is one of the address.
        address = one_line(address if '"' in address else _BLANKS.sub("", address), ADDRESS_CHARACTERS_MAX)
        name = one_line(decode_words(name, self._defects), NAME_CHARACTERS_MAX)
        if name or address:
            self.found.append(MailAddress(name=name, address=address))

    def _forget(self) -> None:
        self._words = []
        self._comment = ""
        self._angle = None


def _split(words: list[_Word]) -> tuple[str, str]:
    """The address among words that have no angle brackets, and the others."""
    groups: list[list[_Word]] = [[]]
    for word in words:
        if word is _BLANK:
            groups.append([])
        else:
            groups[-1].append(word)
    written = ["".join(word.written() for word in group) for group in groups]
    index = next(i for i, group in enumerate(groups) if any("@" in word.text for word in group if not word.is_quoted))
    address = written[index]
    if address.startswith("@") or address.endswith("@"):
        # Blanks around the @ are an obsolete form of it.
        return "".join(written), ""
    return address, " ".join(written[:index] + written[index + 1 :])


def read_addresses(text: str, count_max: int, defects: Defects) -> tuple[MailAddress, ...]:
    """The first `count_max` mailboxes of a header value, groups dissolved. What has no @ is a name without an address."""
    reader = _Reader(count_max, defects)
    reader.read(text)
    if len(reader.found) > count_max:
        defects.cut("The mail has more addresses than are kept.")
    return tuple(reader.found[:count_max])
