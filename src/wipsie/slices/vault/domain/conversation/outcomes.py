"""What became of a file that was fetched, checked and read."""

from __future__ import annotations

from datetime import date

import msgspec

from wipsie.slices.vault.domain.conversation.details import Suggestions


class DuplicateOf(msgspec.Struct, frozen=True, omit_defaults=True):
    """A report of the same owner that has the same bytes."""

    number: int
    saved_on: date | None = None


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready", omit_defaults=True):
    """It may be kept."""

    suggestions: Suggestions = Suggestions()
    duplicate_of: DuplicateOf | None = None
    """Of reports that are saved and not deleted."""
    pages: int = 1


class Locked(msgspec.Struct, frozen=True, tag="locked"):
    """A PDF that opens with a password only."""


class WrongPassword(msgspec.Struct, frozen=True, tag="wrong_password"):
    """It did not open with what was given."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It is not kept."""

    reason: str
    """One of `domain.files.RefusalReason`, or infected, wrong_checksum, gone (WhatsApp has it no more), quota; what is not known
    here is said in general words."""


class Delayed(msgspec.Struct, frozen=True, tag="delayed"):
    """Not yet, for a reason that is ours: the scanner or the store is away. The file stays where it is, and another outcome comes."""


Outcome = Ready | Locked | WrongPassword | Refused | Delayed
