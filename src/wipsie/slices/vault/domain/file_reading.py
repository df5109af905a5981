"""What is kept, sealed, of what was read in a file."""

from __future__ import annotations

from typing import Final

import msgspec

from wipsie.slices.vault.domain.conversation import Suggestions

PAGES_READ_MAX: Final = 50
"""Of one file; what is behind is not found by its words."""


class FileReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of the first pages before the card, of the others after the report is saved."""

    text: str = ""
    """For the search."""
    pages: int = 1
    pages_read: int = 0
    flags: tuple[str, ...] = ()
    """What a PDF brings beside its pages: it is never shown in a browser then."""
    is_encrypted: bool = False
    suggestions: Suggestions = Suggestions()

    @property
    def has_pages_left(self) -> bool:
        """Whether there is more to read. What is locked stays so: its password is not kept."""
        return self.pages_read < min(self.pages, PAGES_READ_MAX) and not self.is_encrypted
