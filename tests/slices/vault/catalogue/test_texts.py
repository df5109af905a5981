"""Every text in every language: the same gaps, short enough for where it is shown, commands that are understood, no advice."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest

from wipsie.slices.vault.domain.catalogue import CONSENT_VERSION, REPORT_TYPES, TEXTS, Texts, counted, type_named
from wipsie.slices.vault.domain.commands import read_command
from wipsie.slices.vault.domain.commands.aliases import FILE_WORDS
from wipsie.slices.vault.domain.commands.command import Get
from wipsie.slices.vault.domain.languages import LANGUAGES, Language
from wipsie.slices.vault.domain.whatsapp.outgoing import length_of
from wipsie.slices.vault.domain.words import folded

BUTTONS = [
    "agree",
    "not_now",
    "privacy_button",
    "export_button",
    "erase_button",
    "show_it",
    "keep_both",
    "discard",
    "one_report",
    "separate",
    "use_today",
    "skip_date",
    "skip",
    "yes",
    "keep_mine",
    "for_me",
    "no_note",
    "save",
    "change",
    "cancel",
    "next_file",
    "discard_all",
    "resume",
    "delete",
    "keep",
    "undo",
    "stop_sharing",
    "choose",
    "list_label",
]
ROW_TITLES = ["slot_date", "slot_hospital", "slot_type", "slot_person", "slot_note", "list_more", "skip"]
HEADERS = ["card_title", "card_title_edit", "to_stop"]
ONE_LINE = [*BUTTONS, *ROW_TITLES, *HEADERS]
COMMANDS_IN_CAPITALS = re.compile(r"[^\W\d_]{2,}(?: [^\W\d_]{2,})*")
NAMES_IN_CAPITALS = {"PDF", "JPEG", "PNG", "MB", "CT", "MRI", "MRT", "TAC", "PIN", "PINS", "UV"}
ADVICE = re.compile(
    r"diagnos|dosis|\bdose|dosage|symptom|síntoma|sintoma|treatment|tratamiento|tratamento|behandlung|"
    r"you should take|निदान|खुराक|लक्षण|इलाज",
    re.IGNORECASE,
)


def every_text(texts: Texts) -> Iterator[tuple[str, str]]:
    """By its name, dictionaries and forms too."""
    yield from _texts("", msgspec.to_builtins(texts))


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            yield from _texts(f"{name}.{key}".strip("."), one)
    elif not name.endswith("_words") and ".slot_words" not in f".{name}":
        for position, one in enumerate(value):
            yield from _texts(f"{name}.{position}", one)


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_the_gaps_of_the_english_one(language: Language) -> None:
    english, other = dict(every_text(TEXTS["en"])), dict(every_text(TEXTS[language]))

    assert english.keys() == other.keys()
    assert {name: gaps(text) for name, text in other.items()} == {name: gaps(text) for name, text in english.items()}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_text_was_left_in_english(language: Language) -> None:
    english = dict(every_text(TEXTS["en"]))
    same = [name for name, text in every_text(TEXTS[language]) if text == english[name] and " " in text]

    assert same == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_shown_in_one_line_is_one_and_short(language: Language) -> None:
    texts = TEXTS[language]

    for name in ONE_LINE:
        text = getattr(texts, name).format(number=999_999)
        assert text == text.strip(), name
        assert "\n" not in text, name
    assert {name: getattr(texts, name) for name in BUTTONS if length_of(getattr(texts, name)) > 20} == {}
    assert {name: getattr(texts, name) for name in ROW_TITLES if length_of(getattr(texts, name)) > 24} == {}
    assert all(length_of(getattr(texts, name).format(number=999_999)) <= 60 for name in HEADERS)
    assert all(length_of(one.name) <= 24 and length_of(one.description) <= 72 for one in texts.types.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_in_texts_are_understood_as_they_stand(language: Language) -> None:
    for name, text in every_text(TEXTS[language]):
        for words in _in_capitals(text):
            assert read_command(words, language) is not None or folded(words) in FILE_WORDS, (name, words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_of_the_help_are_understood_whole(language: Language) -> None:
    texts = TEXTS[language]
    examples = [one for one in re.findall(r"\*([^*]+)\*", texts.help) if one.isupper()]
    lists = re.findall(r"; (\w+ 2025), (\w+ [^\n]+)", texts.help)[0]
    (file,) = re.findall(r"[^\W\d_]+ 12 [^\W\d_]+", texts.help_file)

    assert len(examples) == 14
    for example in (*examples, *lists):
        assert read_command(example, language) is not None, example
    assert read_command(file, language) == Get(number=12, as_file=True)


def _in_capitals(text: str) -> list[str]:
    found: list[str] = []
    for words in COMMANDS_IN_CAPITALS.findall(text):
        capitals = [word for word in words.split() if word.isupper() and word.isalpha()]
        if capitals and not set(capitals) & NAMES_IN_CAPITALS:
            found.append(" ".join(capitals))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_gives_medical_advice(language: Language) -> None:
    assert [name for name, text in every_text(TEXTS[language]) if ADVICE.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_agrees_was_told_what_is_kept_where_how_it_is_erased_and_what_meta_keeps(language: Language) -> None:
    texts = TEXTS[language]
    stop, delete = _word_for("stop", language), _word_for("delete", language)

    for text in (texts.welcome, texts.privacy):
        assert "{keeper}" in text
        assert "Meta" in text
        assert "30" in text
        assert stop in text
        assert delete in text
    assert {"version", "keeper", "erase_days", "deleted_days"} == gaps(texts.privacy)


def _word_for(verb: str, language: Language) -> str:
    words = {
        "stop": {"en": "STOP", "hi": "STOP", "es": "ALTO", "pt": "PARAR", "de": "STOPP"},
        "delete": {"en": "DELETE", "hi": "DELETE", "es": "BORRAR", "pt": "APAGAR", "de": "LÖSCHEN"},
    }
    return words[verb][language]


def test_another_consent_text_is_another_version() -> None:
    """Whoever agreed to an older text is asked again: change the digest and the version together."""
    texts = "".join(text for language in LANGUAGES for text in (TEXTS[language].welcome, TEXTS[language].privacy))

    assert (CONSENT_VERSION, hashlib.sha256(texts.encode()).hexdigest()[:16]) == (1, "4ec136a7405c8d3f")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_report_is_known_by_the_name_it_is_offered_by(language: Language) -> None:
    for one in REPORT_TYPES:
        name = TEXTS[language].types[one].name.partition(",")[0]
        assert type_named(name) == one, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_yes_no_skip_and_save_are_different_words(language: Language) -> None:
    texts = TEXTS[language]
    groups = [texts.yes_words, texts.no_words, texts.skip_words, texts.save_words]
    words = [folded(word) for group in groups for word in group]

    assert len(set(words)) == len({(position, folded(word)) for position, group in enumerate(groups) for word in group})
    assert words


def test_one_is_told_from_many() -> None:
    assert counted(TEXTS["en"].files_waiting, 1) == "1 more file is waiting."
    assert counted(TEXTS["en"].files_waiting, 2) == "2 more files are waiting."
