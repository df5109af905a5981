"""What users can ask for, wherever they are in a conversation."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.slices.vault.domain.catalogue.report_types import ReportType
from wipsie.slices.vault.domain.languages import Language

Verb = Literal[
    "help", "list", "get", "search", "edit", "share", "unshare", "delete", "undo", "history", "export", "language", "pin",
    "privacy", "stop", "cancel", "erase",
]  # fmt: skip
REPORT_NUMBER_MAX = 999_999
PAGE_MAX = 9_999


class Help(msgspec.Struct, frozen=True):
    """What can be asked for."""


class ListCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Reports, ten at a time."""

    type: ReportType | None = None
    year: int | None = None
    page: int = 1


class Get(msgspec.Struct, frozen=True, kw_only=True):
    """One report."""

    number: int
    as_file: bool = False


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Reports with these words."""

    words: str


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Change what is known of it."""

    number: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A link for somebody else."""

    number: int


class Unshare(msgspec.Struct, frozen=True, kw_only=True):
    """Take such links back."""

    number: int


class DeleteCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Hide it, and erase it after a while."""

    number: int


class UndoCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Bring back what was deleted last, or this one."""

    number: int | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, with one report or with all."""

    number: int | None = None


class ExportCommand(msgspec.Struct, frozen=True):
    """Everything, to take away."""


class LanguageCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Speak another language; None: which are there?"""

    language: Language | None = None


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """Set or change the PIN."""

    digits: str | None = None


class Privacy(msgspec.Struct, frozen=True):
    """What is kept, where, and how it is erased."""


class Stop(msgspec.Struct, frozen=True):
    """They do not want it any more."""


class Cancel(msgspec.Struct, frozen=True):
    """Not this report."""


class EraseCommand(msgspec.Struct, frozen=True):
    """Everything of theirs, now."""


Command = (
    Help
    | ListCommand
    | Get
    | Search
    | Edit
    | Share
    | Unshare
    | DeleteCommand
    | UndoCommand
    | History
    | ExportCommand
    | LanguageCommand
    | Pin
    | Privacy
    | Stop
    | Cancel
    | EraseCommand
)


class Incomplete(msgspec.Struct, frozen=True):
    """A command without what it needs: a number of a report, or words."""

    verb: Verb
