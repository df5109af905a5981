"""The text of a mail, from the parts that hold it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wipsie.kernel.limits import KIB, MIB
from wipsie.slices.mail.domain.mime.bodies import Piece
from wipsie.slices.mail.domain.mime.charsets import decoded
from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.digests import LinesDigest
from wipsie.slices.mail.domain.mime.flowed import unflowed
from wipsie.slices.mail.domain.mime.html_text import text_of_html
from wipsie.slices.mail.domain.mime.parsed import TEXT_CHARACTERS_MAX
from wipsie.slices.mail.domain.mime.part import Part
from wipsie.slices.mail.domain.mime.texts import clean_text
from wipsie.slices.mail.domain.mime.transfer import decoded_chunks

TEXT_BYTES_MAX = 8 * MIB
"""Of all pieces of text together, in whatever character set, with the markup of HTML."""
_CHARSET_IN_HTML = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE
)
_HTML_HEAD_BYTES = 4 * KIB


class Texts:
    """Reads pieces of text, each at most once."""

    def __init__(self, content: bytes, defects: Defects) -> None:
        self._content = content
        self._defects = defects
        self._bytes_left = TEXT_BYTES_MAX
        self._read: dict[int, str] = {}
        """By where the part begins."""

    def says_something(self, piece: Piece) -> bool:
        return bool(self.text_of(piece).strip())

    def text_of(self, piece: Piece) -> str:
        """The text of a piece, clean; of HTML without markup."""
        start = piece.part.start
        if start not in self._read:
            self._read[start] = self._text(piece)
        return self._read[start]

    def joined(self, pieces: Sequence[Piece]) -> str:
        """The pieces, one after the other, with an empty line between them."""
        text = "\n\n".join(text for piece in pieces if (text := self.text_of(piece).rstrip()).strip())
        if len(text) > TEXT_CHARACTERS_MAX:
            self._defects.cut(f"The text is longer than {TEXT_CHARACTERS_MAX} characters.")
        return text[:TEXT_CHARACTERS_MAX].strip("\n")

    def digest(self, versions: Sequence[Piece], unread: tuple[int, int] | None) -> str:
        """Of all versions, and of the stretch of the mail that was not taken apart."""
        digest = LinesDigest()
        for piece in versions:
            digest.update(f"{piece.kind} {self._digest(piece.part)}\n".encode())
        if unread is not None:
            digest.update(self._content[slice(*unread)])
        return digest.hexdigest()

    def _digest(self, part: Part) -> str:
        digest = LinesDigest()
        for chunk in decoded_chunks(self._content, part.start, part.end, part.encoding, self._defects):
            digest.update(chunk)
        return digest.hexdigest()

    def _text(self, piece: Piece) -> str:
        part = piece.part
        content = self._bytes_of(part)
        charset = part.parameters.get("charset", "").partition("(")[0].strip() or None
        if piece.kind == "plain":
            text = clean_text(decoded(content, charset, self._defects))
            if part.parameters.get("format", "").lower() == "flowed":
                return unflowed(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
            return text
        if charset is None and (found := _CHARSET_IN_HTML.search(content[:_HTML_HEAD_BYTES])):
            charset = found[1].decode("ascii")
        return clean_text(text_of_html(decoded(content, charset, self._defects)))

    def _bytes_of(self, part: Part) -> bytes:
        pieces: list[bytes] = []
        for chunk in decoded_chunks(self._content, part.start, part.end, part.encoding, self._defects):
            pieces.append(chunk[: self._bytes_left])
            self._bytes_left -= len(pieces[-1])
            if len(pieces[-1]) < len(chunk):
                self._defects.cut(f"The text is longer than {TEXT_BYTES_MAX} bytes.")
                break
        return b"".join(pieces)
