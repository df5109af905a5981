"""Commands as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.vault.domain.commands import Command, Incomplete, read_command
from wipsie.slices.vault.domain.commands.aliases import PHRASES, VERB_OF
from wipsie.slices.vault.domain.commands.command import (
    Cancel,
    DeleteCommand,
    Edit,
    EraseCommand,
    ExportCommand,
    Get,
    Help,
    History,
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
from wipsie.slices.vault.domain.languages import LANGUAGES, Language

NUMBERED: tuple[Verb, ...] = ("get", "edit", "share", "unshare", "delete")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("LIST", ListCommand()),
        ("list", ListCommand()),
        ("  List. ", ListCommand()),
        ("/list", ListCommand()),
        ("list 2", ListCommand(page=2)),
        ("LIST page 2", ListCommand(page=2)),
        ("list 2025", ListCommand(year=2025)),
        ("list blood tests", ListCommand(type="blood_test")),
        ("list prescriptions 2024 3", ListCommand(type="prescription", year=2024, page=3)),
        ("my reports", ListCommand()),
        ("liste meine rezepte von 2024", ListCommand(type="prescription", year=2024)),
        ("lista 2025", ListCommand(year=2025)),
        ("सूची २०२५", ListCommand(year=2025)),
        ("GET 12", Get(number=12)),
        ("get report 12 please", Get(number=12)),
        ("get #12", Get(number=12)),
        ("get no. 12", Get(number=12)),
        ("\uff27\uff25\uff34 \uff11\uff12", Get(number=12)),
        ("GET १२", Get(number=12)),
        ("GET 12 FILE", Get(number=12, as_file=True)),
        ("ver 12 archivo", Get(number=12, as_file=True)),
        ("zeige 12 datei", Get(number=12, as_file=True)),
        ("12 दिखाओ", Get(number=12)),
        ("SEARCH Haemoglobin low", Search(words="Haemoglobin low")),
        ("suche  Zucker", Search(words="Zucker")),
        ("खोजो शुगर", Search(words="शुगर")),
        ("EDIT 3", Edit(number=3)),
        ("ändern 3", Edit(number=3)),
        ("aendern 3", Edit(number=3)),
        ("share 3", Share(number=3)),
        ("stop sharing 3", Unshare(number=3)),
        ("parar de compartilhar 3", Unshare(number=3)),
        ("DELETE 3", DeleteCommand(number=3)),
        ("löschen bericht 3", DeleteCommand(number=3)),
        ("3 मिटाओ", DeleteCommand(number=3)),
        ("undo", UndoCommand()),
        ("undo 3", UndoCommand(number=3)),
        ("HISTORY", History()),
        ("history 3", History(number=3)),
        ("export", ExportCommand()),
        ("EXPORTAR", ExportCommand()),
        ("lang", LanguageCommand()),
        ("LANG hindi", LanguageCommand(language="hi")),
        ("lang de", LanguageCommand(language="de")),
        ("idioma español", LanguageCommand(language="es")),
        ("Español", LanguageCommand(language="es")),
        ("हिन्दी", LanguageCommand(language="hi")),
        ("lang klingon", LanguageCommand()),
        ("pin", Pin()),
        ("PIN 482913", Pin(digits="482913")),
        ("pin 48 29 13", Pin(digits="482913")),
        ("privacy", Privacy()),
        ("stop", Stop()),
        ("STOPP", Stop()),
        ("बंद करो", Stop()),
        ("help", Help()),
        ("help me please", Help()),
        ("?", Help()),
        ("मदद", Help()),
        ("cancel", Cancel()),
        ("never mind", Cancel()),
        ("delete everything", EraseCommand()),
        ("alles löschen", EraseCommand()),
    ],
)
def test_a_command_is_understood_however_it_is_written(text: str, command: Command) -> None:
    assert read_command(text, "en") == command


@pytest.mark.parametrize(
    ("text", "language", "command"),
    [
        ("hlep", "en", Help()),
        ("lsit 2", "en", ListCommand(page=2)),
        ("serach sugar", "en", Search(words="sugar")),
        ("delte 3", "en", DeleteCommand(number=3)),
        ("cancle", "en", Cancel()),
        ("histry", "en", History()),
        ("privcay", "en", Privacy()),
        ("ayda", "es", Help()),
        ("compatir 3", "es", Share(number=3)),
        ("abbrchen", "de", Cancel()),
        ("löshen 3", "de", DeleteCommand(number=3)),
        ("exprot", "pt", ExportCommand()),
    ],
)
def test_one_wrong_letter_is_forgiven(text: str, language: Language, command: Command) -> None:
    assert read_command(text, language) == command


@pytest.mark.parametrize("text", ["step", "shop", "top", "sto", "stp", "undu", "pins 5", "ein 482913", "erase al"])
def test_what_ends_everything_is_spelt_out(text: str) -> None:
    assert not isinstance(read_command(text, "en"), Stop | UndoCommand | Pin | EraseCommand)


@pytest.mark.parametrize("verb", NUMBERED)
def test_a_command_without_its_number_says_so(verb: Verb) -> None:
    for language in LANGUAGES:
        assert read_command(PHRASES[verb][language][0], language) == Incomplete(verb)
        assert read_command(PHRASES[verb][language][0], language, strict=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "...",
        "hello",
        "good morning doctor",
        "stop it now",
        "please stop sending me things",
        "show me my blood tests",
        "get well soon",
        "get 0",
        "get -5",
        "get 12 13",
        "get 99999999999999999999",
        "delete 3 and 4",
        "cancel my appointment on friday",
        "export of goods",
        "list of all the medicines I took",
        "3 nov 2025",
        "yes",
        "save",
        "1",
        "x" * 301,
    ],
)
def test_what_is_no_command_is_none(text: str) -> None:
    assert read_command(text, "en") is None


@pytest.mark.parametrize(
    "text", ["Help Clinic", "helo", "Liste", "Deutsch", "open", "Search", "12 show", "Cancer Care"]
)
def test_where_any_text_can_be_an_answer_only_clear_commands_are_commands(text: str) -> None:
    expected = {"Liste": ListCommand(), "Help Clinic": Help()}.get(text)

    assert read_command(text, "en", strict=True) == expected


def test_no_word_stands_for_two_commands() -> None:
    found: dict[str, Verb] = {}
    for verb, by_language in PHRASES.items():
        for phrases in by_language.values():
            for phrase in phrases:
                assert found.setdefault(phrase, verb) == verb


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_a_word_in_every_language(language: Language) -> None:
    assert all(by_language[language] for by_language in PHRASES.values())


@given(st.text(max_size=400), st.sampled_from(LANGUAGES), st.booleans())
def test_any_text_has_a_reading(text: str, language: Language, strict: bool) -> None:
    read_command(text, language, strict=strict)


@given(st.sampled_from(sorted(VERB_OF)), st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_any_text_after_a_command_has_a_reading(phrase: str, rest: str, language: Language) -> None:
    found = read_command(f"{phrase} {rest}", language)

    if isinstance(found, Get | Edit | Share | Unshare | DeleteCommand):
        assert 1 <= found.number <= 999_999
    if isinstance(found, ListCommand):
        assert found.page >= 1
    if isinstance(found, Search):
        assert 1 <= len(found.words) <= 200
