"""Reads commands that people type: in any language, with one wrong letter, with any digits.

What is no command is None, and may be an answer. Where any text can be an answer (the name of a hospital), reading is strict:
whole words, spelt right, and nothing beside them that a command does not take.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rapidfuzz.distance import OSA

from wipsie.slices.vault.domain.catalogue.report_types import ReportType
from wipsie.slices.vault.domain.catalogue.type_words import TYPE_OF
from wipsie.slices.vault.domain.commands.aliases import (
    FILE_WORDS,
    FILLERS,
    LANGUAGE_NAMED,
    PAGE_WORDS,
    PHRASE_WORDS_MAX,
    PHRASES,
    VERB_OF,
)
from wipsie.slices.vault.domain.commands.command import (
    PAGE_MAX,
    REPORT_NUMBER_MAX,
    Cancel,
    Command,
    DeleteCommand,
    Edit,
    EraseCommand,
    ExportCommand,
    Get,
    Help,
    History,
    Incomplete,
    LanguageCommand,
    ListCommand,
    Pin,
    Privacy,
    Search,
    Share,
    Stop,
    UndoCommand,
    Unshare,
    Verb,
)
from wipsie.slices.vault.domain.dates.partial_date import YEAR_MAX, YEAR_MIN
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.words import folded

TEXT_CHARACTERS_MAX = 300
SEARCH_CHARACTERS_MAX = 200
_TYPO_LETTERS_MIN = 4
# One letter beside "stop" are "step", "shop" and "top"; ending everything, and what comes close to it, is spelt out.
_SPELT_OUT: frozenset[Verb] = frozenset({"stop", "erase", "undo", "pin", "unshare"})
_DIGITS = re.compile(r"[0-9]+")
_PIN = re.compile(r"[0-9]{4,12}")
_EDGES = "/!.,;:¡¿।"

Read = Command | Incomplete | None


def read_command(text: str, language: Language, *, strict: bool = False) -> Read:
    """What a text asks for. `language`: theirs; typing errors are looked for in it and in English."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return None
    plain = folded(text).strip(_EDGES + " ")
    words = [word.strip(_EDGES) for word in plain.replace("#", " ").split()]
    words = [word for word in words if word]
    if not words:
        return None
    found = _spelt(words)
    if found is None and not strict:
        found = _turned_round(words) or _mistyped(words, language)
        if found is None:
            # Their names stand in the welcome, to be typed.
            named = LANGUAGE_NAMED.get(plain) if len(plain) > 2 else None
            return None if named is None else LanguageCommand(language=named)
    if found is None:
        return None
    verb, taken, rest = found
    if verb == "search":
        words_asked = " ".join(text.split()[taken:])[:SEARCH_CHARACTERS_MAX].strip()
        return Search(words=words_asked) if words_asked else None if strict else Incomplete(verb)
    # "de" is a language, and a word that says nothing.
    read = _READERS[verb](verb, rest if verb == "language" else [word for word in rest if word not in FILLERS])
    return None if strict and isinstance(read, Incomplete) else read


_Found = tuple[Verb, int, list[str]]
"""The verb, how many words it took from the beginning, and the words beside it."""


def _spelt(words: list[str]) -> _Found | None:
    for count in range(min(PHRASE_WORDS_MAX, len(words)), 0, -1):
        verb = VERB_OF.get(" ".join(words[:count]))
        if verb is not None:
            return verb, count, words[count:]
    return None


def _turned_round(words: list[str]) -> _Found | None:
    # 12 दिखाओ: the verb comes last.
    if len(words) > 1 and _DIGITS.fullmatch(words[0]):
        verb = VERB_OF.get(" ".join(words[1:]))
        if verb is not None:
            return verb, 0, words[:1]
    return None


def _mistyped(words: list[str], language: Language) -> _Found | None:
    first = words[0]
    if len(first) < _TYPO_LETTERS_MIN:
        return None
    near: set[Verb] = {
        verb
        for verb, by_language in PHRASES.items()
        if verb not in _SPELT_OUT
        for phrase in (*by_language["en"], *by_language[language])
        if len(phrase) >= _TYPO_LETTERS_MIN and OSA.distance(first, phrase, score_cutoff=1) <= 1
    }
    # Two that come equally close: nobody knows which.
    return (near.pop(), 1, words[1:]) if len(near) == 1 else None


def _number(text: str) -> int | None:
    # Without leading zeros int() of a short text has one reading; long ones are no numbers of reports.
    if not _DIGITS.fullmatch(text) or len(text) > len(str(REPORT_NUMBER_MAX)):
        return None
    return int(text) or None


_Reader = Callable[[Verb, list[str]], Read]


def _alone(command: Command) -> _Reader:
    return lambda _, rest: None if rest else command


def _help(_: Verb, rest: list[str]) -> Read:
    return Help() if len(rest) <= 3 else None


def _numbered(make: Callable[[int], Command]) -> _Reader:
    def read(verb: Verb, rest: list[str]) -> Read:
        if not rest:
            return Incomplete(verb)
        number = _number(rest[0]) if len(rest) == 1 else None
        return None if number is None else make(number)

    return read


def _get(verb: Verb, rest: list[str]) -> Read:
    kept = [word for word in rest if word not in FILE_WORDS]
    if not kept:
        return Incomplete(verb)
    number = _number(kept[0]) if len(kept) == 1 else None
    return None if number is None else Get(number=number, as_file=len(kept) < len(rest))


def _list(_: Verb, rest: list[str]) -> Read:
    year: int | None = None
    page = 1
    named: list[str] = []
    for word in rest:
        number = _number(word)
        if number is None:
            named += [] if word in PAGE_WORDS else [word]
        elif YEAR_MIN <= number <= YEAR_MAX:
            year = number
        elif number <= PAGE_MAX:
            page = number
        else:
            return None
    type_ = _type(named)
    return None if named and type_ is None else ListCommand(type=type_, year=year, page=page)


def _type(words: list[str]) -> ReportType | None:
    # The plain plural of languages that have one.
    phrase = " ".join(words)
    return TYPE_OF.get(phrase) or TYPE_OF.get(phrase.removesuffix("s")) or TYPE_OF.get(phrase.removesuffix("es"))


def _history(_: Verb, rest: list[str]) -> Read:
    number = _number(rest[0]) if len(rest) == 1 else None
    return History(number=number) if number is not None or not rest else None


def _undo(_: Verb, rest: list[str]) -> Read:
    number = _number(rest[0]) if len(rest) == 1 else None
    return UndoCommand(number=number) if number is not None or not rest else None


def _language(_: Verb, rest: list[str]) -> Read:
    return LanguageCommand(language=LANGUAGE_NAMED.get(" ".join(rest)))


def _pin(_: Verb, rest: list[str]) -> Read:
    if not rest:
        return Pin()
    digits = "".join(rest)
    return Pin(digits=digits) if _PIN.fullmatch(digits) else None


_READERS: dict[Verb, _Reader] = {
    "help": _help,
    "list": _list,
    "get": _get,
    "edit": _numbered(lambda number: Edit(number=number)),
    "share": _numbered(lambda number: Share(number=number)),
    "unshare": _numbered(lambda number: Unshare(number=number)),
    "delete": _numbered(lambda number: DeleteCommand(number=number)),
    "undo": _undo,
    "history": _history,
    "export": _alone(ExportCommand()),
    "language": _language,
    "pin": _pin,
    "privacy": _alone(Privacy()),
    "stop": _alone(Stop()),
    "cancel": _alone(Cancel()),
    "erase": _alone(EraseCommand()),
}
