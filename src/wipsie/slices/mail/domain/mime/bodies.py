"""Which parts of a mail are its text, and which are attachments.

- multipart/alternative: plain text that says something, else HTML, else what there is. All versions count for the identity.
- multipart/related: the first part, or the one it names; the others belong into it.
- everything else: each plain or HTML part that is neither named nor declared as an attachment, one after the other.
- Whatever is not text is an attachment; so nothing is lost, whatever the structure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from wipsie.slices.mail.domain.mime.part import Part

Kind = Literal["plain", "html"]


class Piece(msgspec.Struct, frozen=True):
    """A part that may be read as the text."""

    kind: Kind
    part: Part


class AttachedPart(msgspec.Struct, frozen=True):
    """A part that is kept as a file."""

    part: Part
    is_inline: bool


class Bodies:
    """What a mail consists of, in the order of its parts."""

    def __init__(self, root: Part, says_something: Callable[[Piece], bool]) -> None:
        """`says_something`: whether there is anything but white space in a piece; asked for alternatives alone."""
        self.versions: list[Piece] = []
        """All pieces of text, shown or not."""
        self.attached: list[AttachedPart] = []
        self._root = root
        self._says_something = says_something
        self.shown = self._read(root, is_related=False)
        """The pieces that are the text."""

    def _read(self, part: Part, *, is_related: bool) -> list[Piece]:
        if part.children:
            if part.media_type == "multipart/alternative":
                return self._alternative(part)
            if part.media_type == "multipart/related":
                return self._related(part)
            return [piece for child in part.children for piece in self._read(child, is_related=is_related)]
        kind = None if is_related else self._kind(part)
        if kind is None:
            is_inline = part.disposition == "inline" or (is_related and part.disposition != "attachment")
            self.attached.append(AttachedPart(part, is_inline))
            return []
        piece = Piece(kind, part)
        self.versions.append(piece)
        return [piece]

    def _alternative(self, part: Part) -> list[Piece]:
        options = [option for child in part.children if (option := self._read(child, is_related=False))]
        plain = [option for option in options if option[0].kind == "plain"]
        # HTML is read only when it is needed. Later ones are closer to what the sender wrote (RFC 2046, section 5.1.4).
        for option in (*plain, *reversed(options)):
            if any(map(self._says_something, option)):
                return option
        return options[0] if options else []

    def _related(self, part: Part) -> list[Piece]:
        start = part.parameters.get("start", "").strip("<> \t")
        main = next((child for child in part.children if start and child.content_id == start), part.children[0])
        return [piece for child in part.children for piece in self._read(child, is_related=child is not main)]

    def _kind(self, part: Part) -> Kind | None:
        """How a part without children is read as text; None for an attachment."""
        is_root = part is self._root
        if part.disposition == "attachment" or (part.file_name and not is_root):
            return None
        if part.main_type == "multipart":
            # No part was found in it: its bytes are all there is.
            return None if part.is_sealed else "plain"
        if part.media_type == "text/html":
            return "html"
        return "plain" if part.media_type == "text/plain" or (is_root and part.main_type == "text") else None
