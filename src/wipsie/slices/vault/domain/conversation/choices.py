"""Ids of buttons and rows. Phones keep them for ever, so each says which draft it was of, and of which version of it:

d:{draft or question}:{version}:{what}     about a draft, or a question such as "Delete?" (whose version is 0)
a:agree:{version}                          about the consent text of this version
c:{command}:…                              a command; as good on any day
"""

from __future__ import annotations

import re

import msgspec

from wipsie.slices.vault.domain.catalogue.report_types import REPORT_TYPES, ReportType
from wipsie.slices.vault.domain.commands.command import (
    PAGE_MAX,
    REPORT_NUMBER_MAX,
    Command,
    EraseCommand,
    ExportCommand,
    Get,
    Help,
    LanguageCommand,
    ListCommand,
    UndoCommand,
    Unshare,
)
from wipsie.slices.vault.domain.languages import LANGUAGES

_DRAFT = re.compile(r"d:([A-Za-z0-9_-]{4,40}):([0-9]{1,6}):([a-z0-9_:-]{1,60})")
_CONSENT = re.compile(r"a:(agree|not_now|privacy):([0-9]{1,6})")
_COMMAND = re.compile(r"c:([a-z]+)((?::[A-Za-z0-9_-]*){0,4})")


class DraftChoice(msgspec.Struct, frozen=True):
    """Of a draft or a question."""

    id: str
    version: int
    action: str


class ConsentChoice(msgspec.Struct, frozen=True):
    """Below the welcome."""

    answer: str
    """agree, not_now or privacy."""
    version: int


class CommandChoice(msgspec.Struct, frozen=True):
    """A command that was tapped."""

    command: Command


Choice = DraftChoice | ConsentChoice | CommandChoice


def draft_choice(id_: str, version: int, action: str) -> str:
    """The id of a choice about a draft."""
    return f"d:{id_}:{version}:{action}"


def consent_choice(answer: str, version: int) -> str:
    """The id of a choice below the welcome."""
    return f"a:{answer}:{version}"


def command_choice(command: Command) -> str:
    """The id of a choice that is a command; ValueError for those that are typed only."""
    match command:
        case ListCommand():
            return f"c:list:{command.page}:{command.year or ''}:{command.type or ''}"
        case Get():
            return f"c:get:{command.number}"
        case Unshare():
            return f"c:unshare:{command.number}"
        case UndoCommand(number=int(number)):
            return f"c:undo:{number}"
        case LanguageCommand(language=str(language)):
            return f"c:lang:{language}"
        case ExportCommand():
            return "c:export"
        case EraseCommand():
            return "c:erase"
        case Help():
            return "c:help"
        case _:
            raise ValueError(f"{type(command).__name__} is typed, never tapped")


def read_choice(text: str) -> Choice | None:
    """What was tapped; None for an id that is none of ours, or of a form that we do not make any more."""
    found = _DRAFT.fullmatch(text)
    if found is not None:
        return DraftChoice(found[1], int(found[2]), found[3])
    found = _CONSENT.fullmatch(text)
    if found is not None:
        return ConsentChoice(found[1], int(found[2]))
    found = _COMMAND.fullmatch(text)
    command = None if found is None else _command(found[1], found[2].split(":")[1:])
    return None if command is None else CommandChoice(command)


def _command(verb: str, rest: list[str]) -> Command | None:
    match verb, rest:
        case "list", [page, year, type_]:
            return _list(page, year, type_)
        case (("get" | "unshare" | "undo"), [number]):
            return _numbered(verb, _whole(number, REPORT_NUMBER_MAX))
        case "lang", [language] if language in LANGUAGES:
            return LanguageCommand(language=language)
        case "export", []:
            return ExportCommand()
        case "erase", []:
            return EraseCommand()
        case "help", []:
            return Help()
        case _:
            return None


def _numbered(verb: str, number: int | None) -> Command | None:
    if number is None:
        return None
    return {"get": Get(number=number), "unshare": Unshare(number=number)}.get(verb, UndoCommand(number=number))


def _list(page: str, year: str, type_: str) -> Command | None:
    number = _whole(page, PAGE_MAX)
    kind: ReportType | None = next((one for one in REPORT_TYPES if one == type_), None)
    if number is None or (type_ and kind is None):
        return None
    return ListCommand(page=number, year=_whole(year, 9999), type=kind)


def _whole(text: str, highest: int) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    return number if 1 <= number <= highest else None
