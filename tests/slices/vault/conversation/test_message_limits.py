"""Every message that there is, in every language, with the longest that people and operators can put into it: WhatsApp takes it, and
each question says how to end it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import pytest
from talk import IN_STATE, NOW_MS, Talk, agreed, body_of, choices_of

from wipsie.slices.vault.domain.catalogue import REPORT_TYPES, TEXTS
from wipsie.slices.vault.domain.conversation import (
    CardDetail,
    DateGuess,
    Deleted,
    Details,
    Exported,
    LetIn,
    NameGuess,
    Policy,
    ReportOpened,
    ReportSummary,
    Saved,
    State,
    Suggestions,
    TypeGuess,
)
from wipsie.slices.vault.domain.conversation.choices import read_choice
from wipsie.slices.vault.domain.conversation.effects import ListReports
from wipsie.slices.vault.domain.conversation.outcomes import DuplicateOf, Locked, Outcome, Ready, Refused
from wipsie.slices.vault.domain.conversation.rendering import (
    HistoryLine,
    export_empty,
    export_ready,
    export_started,
    file_caption,
    history,
    report_link,
    report_list,
    report_not_there,
    search_hits,
    share_link,
    share_opened,
    unshared,
)
from wipsie.slices.vault.domain.conversation.rendering.histories import _NAME_OF as NAME_OF  # pyright: ignore[reportPrivateUsage]
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import LANGUAGES, Language
from wipsie.slices.vault.domain.whatsapp.outgoing import ListMessage, OutgoingMessage, TextMessage, length_of

LONG_NAME = "क्ष" * 26
LONG = Details(
    date=PartialDate(2025, 10, 28), hospital=LONG_NAME, type="discharge_summary", person="ल" * 60, note="न" * 200
)
REPORT = ReportSummary(number=999_999, details=LONG, pages=20, saved_on=date(2025, 10, 28))
URL = "https://vault.example.org/vault/links/" + "x" * 400
KEEPER = "K" * 60
HOSPITALS = tuple(f"{n} {LONG_NAME}"[:80] for n in range(8))
FACTS: dict[str, Any] = {"policy": Policy(keeper=KEEPER, get_as_file=True), "known_hospitals": HOSPITALS}
UNSURE = Ready(
    suggestions=Suggestions(
        dates=tuple(DateGuess(PartialDate(2025, month, 28)) for month in (9, 10, 12)),
        hospitals=tuple(NameGuess(f"{LONG_NAME[:77]} {number}") for number in range(3)),
        types=(TypeGuess("bill"), TypeGuess("other")),
    ),
    pages=20,
)


@pytest.mark.parametrize("detail", ["full", "minimal"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_conversation_with_the_longest_values_is_taken(language: Language, detail: CardDetail) -> None:
    texts = TEXTS[language]
    talk = Talk(language, **{**FACTS, "policy": Policy(keeper=KEEPER, get_as_file=True, card_detail=detail)})

    talk.send("file1", name="n" * 120)
    talk.tap(texts.privacy_button)
    talk.tap(texts.agree)
    talk.check("file1", UNSURE)
    assert talk.state is State.ASK_DATE
    for text in ("x", "3 nov 2099", "31 feb 2025", "nov", "10/11/2025"):
        talk.say(text)
    talk.tap(talk.titles()[0])
    assert talk.state is State.ASK_HOSPITAL
    talk.say(f"{HOSPITALS[0][:-1]}x")
    talk.say("2")
    assert talk.state is State.ASK_TYPE
    talk.say("x")
    talk.tap(texts.types["discharge_summary"].name)
    assert talk.state is State.REVIEW
    for slot, value in ((texts.slot_person, "ल" * 60), (texts.slot_note, "न" * 200)):
        talk.tap(texts.change)
        talk.tap(slot)
        talk.say(value)
    for text in ("HELP", "PRIVACY", "LANG", "GET", "hm", "hm"):
        talk.say(text)
        assert talk.state is State.REVIEW
    for number in range(21):
        talk.send(f"more{number}", name="n" * 120)
        talk.check(f"more{number}", Refused("mismatch"))
    talk.wait()
    draft = talk.conversation.draft
    assert draft is not None
    talk.tap(texts.save)
    talk.give(Saved(id="saved", draft_id=draft.id, number=999_999), first_save=True)
    assert talk.state is State.IDLE
    talk.give(ReportOpened(id="edit", report=REPORT, purpose="edit"))
    talk.wait()
    talk.say("CANCEL")
    talk.give(ReportOpened(id="delete", report=REPORT, purpose="delete"))
    talk.tap(texts.delete)
    talk.give(Deleted(id="deleted", number=999_999, until_ms=NOW_MS))
    talk.give(LetIn(id="let in"))
    talk.give(Exported(id="exported", url=URL, until_ms=NOW_MS, reports=999_999))
    talk.say("STOP")
    talk.tap(texts.erase_button)


@pytest.mark.parametrize(
    "outcome",
    [
        Locked(),
        UNSURE,
        Ready(duplicate_of=DuplicateOf(999_999, date(2025, 10, 28))),
        Ready(duplicate_of=DuplicateOf(999_999)),
        *(Refused(reason) for reason in ("empty", "mismatch", "too_large", "infected", "something new")),
    ],
    ids=str,
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_is_said_within_the_limits(language: Language, outcome: Outcome) -> None:
    talk = agreed(language, **FACTS)
    talk.send("file1", name="n" * 120)
    talk.check("file1", outcome)
    talk.wait()

    assert talk.messages()


@pytest.mark.parametrize("language", LANGUAGES)
def test_thirty_photos_and_twenty_refusals_fit(language: Language) -> None:
    talk = agreed(language, **FACTS)
    for number in range(20):
        talk.photo(f"photo{number:02}")
        talk.pass_s(0.1)
    for number in range(20):
        talk.check(f"photo{number:02}", UNSURE if number < 2 else Refused("mismatch"))
    talk.wait()

    assert talk.state is State.GROUPING
    assert len(talk.messages()) == 2


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_says_how_to_end_it_and_its_choices_are_read(state: State, language: Language) -> None:
    talk = IN_STATE[state]()
    talk.conversation = msgspec.structs.replace(talk.conversation, language=language)
    talk.say("HELP" if state is not State.STEP_UP else "1")

    questions = [message for message in talk.messages() if choices_of(message)]
    for message in questions:
        assert all(read_choice(choice) is not None for choice, _ in choices_of(message))
    for message in questions if state is not State.NEW else ():
        assert getattr(message, "footer", None) == TEXTS[language].to_stop
    if state in (State.PASSWORD, State.STEP_UP):
        assert body_of(talk.messages()[-1]).endswith(TEXTS[language].to_stop)


@pytest.mark.parametrize("detail", ["full", "minimal"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_with_the_longest_values_are_taken(language: Language, detail: CardDetail) -> None:
    messages = list(_answers(language, detail))

    assert len(messages) == 17
    for message in messages:
        for choice, _ in choices_of(message):
            assert read_choice(choice) is not None
    if detail == "minimal":
        assert not [message for message in messages if LONG_NAME[:10] in msgspec.json.encode(message).decode()]


def _answers(language: Language, detail: CardDetail) -> Iterator[OutgoingMessage]:
    reports = [msgspec.structs.replace(REPORT, number=999_990 + number) for number in range(10)]
    query = ListReports(type="discharge_summary", year=2025, page=9_998)
    yield report_list(reports[:9], query, language, detail, has_more=True)
    yield report_list(reports, query, language, detail, has_more=True)
    yield report_list(reports, query, language, detail)
    yield report_list([ReportSummary(number=1)], ListReports(), language, detail)
    yield report_list([], query, language, detail)
    yield report_list([], ListReports(), language, detail)
    yield search_hits(reports[:5], language, detail)
    yield search_hits([], language, detail)
    yield report_link(REPORT, URL, language, detail, minutes=10)
    yield share_link(REPORT, URL, language, detail, hours=168)
    yield unshared(999_999, language)
    yield share_opened(999_999, language)
    yield export_ready(URL, language, reports=999_999, hours=24)
    yield export_started(language)
    yield export_empty(language)
    yield report_not_there(999_999, language)
    lines = [HistoryLine(at_ms=NOW_MS, action=action, actor="user:1", number=999_999) for action in NAME_OF]
    yield history(lines * 20, language, number=999_999, utc_offset_min=330)
    assert length_of(file_caption(REPORT, language, detail)) <= 1024


def test_a_list_of_nine_has_a_row_for_more_and_one_of_ten_says_how() -> None:
    reports = [ReportSummary(number=number) for number in range(1, 11)]

    nine = report_list(reports[:9], ListReports(year=2025), "en", has_more=True)
    ten = report_list(reports, ListReports(year=2025), "en", has_more=True)

    assert choices_of(nine)[-1] == ("c:list:2:2025:", "More")
    assert len(choices_of(nine)) == 10
    assert "LIST 2" in body_of(ten)
    assert isinstance(ten, ListMessage)


def test_a_list_tells_a_report_by_number_date_hospital_and_kind() -> None:
    report = ReportSummary(number=12, details=Details(date=PartialDate(2025, 11), hospital="Lakeside", type="bill"))

    message = report_list([report], ListReports(), "en")

    assert isinstance(message, ListMessage)
    (row,) = message.sections[0].rows
    assert (row.id, row.title, row.description) == ("c:get:12", "12 · Nov 2025", "Lakeside · Bill, insurance")


def test_a_history_tells_when_what_and_by_whom_and_leaves_out_what_means_nothing() -> None:
    lines = [
        HistoryLine(at_ms=NOW_MS, action="vault:report:save", actor="owner:a", number=12),
        HistoryLine(at_ms=NOW_MS, action="vault:report:view", actor="user:9", number=12),
        HistoryLine(at_ms=NOW_MS, action="vault:file:check", actor="system:vault"),
    ]

    message = history(lines, "en", utc_offset_min=330)

    assert isinstance(message, TextMessage)
    assert message.body.splitlines()[1:] == [
        "29 Nov 2026 12:30 · Report 12 · saved",
        "29 Nov 2026 12:30 · Report 12 · shown, by staff",
    ]
    assert body_of(history(lines[2:], "en")) == "Nothing was done yet."


def test_every_kind_of_report_has_a_row() -> None:
    talk = agreed()
    talk.send()
    talk.check(outcome=Ready(suggestions=Suggestions(dates=(DateGuess(PartialDate(2025, 1, 2), is_sure=True),))))
    talk.wait()
    talk.say("skip")

    assert len(talk.titles()) == len(REPORT_TYPES)
