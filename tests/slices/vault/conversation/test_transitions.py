"""The table of transitions, row by row: from where, what happens, where it goes, what is said and what is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import pytest
from talk import (
    ALL_SURE,
    IN_STATE,
    REPORT,
    THIRD,
    Talk,
    agreed,
    asked_date,
    asked_hospital,
    asked_pin,
    asked_to_delete,
    asked_type,
    checking,
    collecting,
    duplicate,
    locked,
    paused,
    photos,
    reviewing,
    saving,
)

from wipsie.slices.vault.domain.conversation import (
    ChoiceTapped,
    DateGuess,
    Deleted,
    IdentityChanged,
    Ignored,
    LetIn,
    NotAccepted,
    Outcome,
    PinRight,
    PinWrong,
    ReportNotThere,
    ReportOpened,
    Restored,
    Saved,
    SaveFailed,
    State,
    Suggestions,
)
from wipsie.slices.vault.domain.conversation import effects as wanted
from wipsie.slices.vault.domain.conversation.events import NotAcceptedKind
from wipsie.slices.vault.domain.conversation.outcomes import DuplicateOf, Locked, Ready, Refused, WrongPassword
from wipsie.slices.vault.domain.dates import PartialDate

DAY_MS = 24 * 3600 * 1000
MARCH = PartialDate(2025, 3, 11)


class Row(NamedTuple):
    """`says`: a part of what is said, or None for nothing at all; `does`: all other effects, by kind."""

    id: str
    given: Callable[[], Talk]
    when: Callable[[Talk], object]
    then: State
    says: str | None = None
    does: tuple[type, ...] = ()


def after(start: Callable[[], Talk], *steps: Callable[[Talk], object]) -> Callable[[], Talk]:
    def given() -> Talk:
        talk = start()
        for one in steps:
            one(talk)
        return talk

    return given


def say(text: str) -> Callable[[Talk], object]:
    return lambda talk: talk.say(text)


def tap(title: str) -> Callable[[Talk], object]:
    return lambda talk: talk.tap(title)


def send(file_id: str = "file2") -> Callable[[Talk], object]:
    return lambda talk: talk.send(file_id)


def photo(file_id: str) -> Callable[[Talk], object]:
    return lambda talk: talk.photo(file_id)


def check(file_id: str = "file1", outcome: Outcome | None = None) -> Callable[[Talk], object]:
    return lambda talk: talk.check(file_id, outcome)


def wait(talk: Talk) -> object:
    return talk.wait()


def saved(talk: Talk) -> object:
    draft = talk.conversation.draft
    assert draft is not None
    return talk.give(Saved(id=f"saved:{draft.id}", draft_id=draft.id, number=12))


def save_failed(talk: Talk) -> object:
    draft = talk.conversation.draft
    assert draft is not None
    return talk.give(SaveFailed(id=talk.new_id(), draft_id=draft.id))


def foreign_tap(talk: Talk) -> object:
    return talk.give(ChoiceTapped(id="tap", choice="d:another:1:save"))


def with_queue(start: Callable[[], Talk], count: int = 2) -> Callable[[], Talk]:
    """More files came while this was open, and were checked."""

    def given() -> Talk:
        talk = start()
        for number in range(count):
            talk.send(f"more{number}")
            talk.check(f"more{number}")
        talk.wait()
        return talk

    return given


def born(start: Callable[..., Talk]) -> Callable[[], Talk]:
    return lambda: start(born=date(1980, 1, 1))


def knowing(start: Callable[..., Talk]) -> Callable[[], Talk]:
    return lambda: start(known_hospitals=("Lakeside Hospital", "City Diagnostics"))


def full(start: Callable[[], Talk]) -> Callable[[], Talk]:
    def given() -> Talk:
        talk = start()
        for number in range(20):
            talk.send(f"more{number}")
        return talk

    return given


def three_photos(talk: Talk) -> None:
    for number in (1, 2, 3):
        talk.photo(f"photo{number}")
        talk.check(f"photo{number}")


def closed(talk: Talk) -> object:
    return talk.wait(window_open=False)


def opened(talk: Talk) -> object:
    return talk.give(ReportOpened(id="opened", report=REPORT, purpose="delete"))


def not_there(talk: Talk) -> object:
    return talk.give(ReportNotThere(id="not there", number=12))


def deleted(talk: Talk) -> object:
    return talk.give(Deleted(id="deleted", number=12, until_ms=talk.now_ms + 7 * DAY_MS))


def restored(talk: Talk) -> object:
    return talk.give(Restored(id="restored", number=12))


def old_version(talk: Talk) -> object:
    card = talk.choice("Save")
    talk.say("date 5 nov 2025")
    return talk.give(ChoiceTapped(id="old", choice=card))


def not_accepted(kind: NotAcceptedKind) -> Callable[[Talk], object]:
    return lambda talk: talk.give(NotAccepted(id=talk.new_id(), kind=kind))


def ignored(talk: Talk) -> object:
    return talk.give(Ignored(id="thumb"))


def identity_changed(talk: Talk) -> object:
    return talk.give(IdentityChanged(id="changed"))


def another_phone(talk: Talk) -> object:
    talk.facts["needs_step_up"] = True
    return talk.give(IdentityChanged(id="another phone"))


def same_account(talk: Talk) -> object:
    return talk.give(IdentityChanged(id="changed", is_same_account=True), needs_step_up=True)


def changing() -> Talk:
    talk = agreed()
    talk.give(ReportOpened(id="opened", report=REPORT, purpose="edit"))
    return talk


def let_in(talk: Talk) -> object:
    return talk.give(LetIn(id="let in"), needs_step_up=False, has_pin=False)


def stepping_up() -> Talk:
    return agreed(has_pin=True, needs_step_up=True)


def without_pin() -> Talk:
    return agreed(needs_step_up=True)


def pin_right(talk: Talk) -> object:
    return talk.give(PinRight(id="right"), needs_step_up=False)


def pin_wrong(talk: Talk) -> object:
    return talk.give(PinWrong(id="wrong", tries_left=2))


def pin_blocked(talk: Talk) -> object:
    return talk.give(PinWrong(id="wrong", blocked_until_ms=talk.now_ms + 290_000))


def pass_ten_minutes(talk: Talk) -> None:
    talk.pass_s(601)


NEARLY = say("Lakside Hospital")
KNOWN = Ready(duplicate_of=DuplicateOf(12, date(2026, 3, 1)))
TWO_MEANINGS = Ready(
    suggestions=Suggestions(
        dates=(DateGuess(THIRD), DateGuess(MARCH)), hospitals=ALL_SURE.hospitals, types=ALL_SURE.types
    )
)
FILE = (wanted.Acknowledge, wanted.Check)
ROWS = [
    Row("01 NEW, any text: the welcome", Talk, say("hello"), State.NEW, "Do you agree?"),
    Row("01 NEW, a file: it waits unopened", Talk, send("file1"), State.NEW, "waits unopened"),
    Row("01 NEW, LIST: the welcome", Talk, say("LIST"), State.NEW, "Do you agree?"),
    Row("01 NEW, Not now", after(Talk, say("hi")), tap("Not now"), State.NEW, "Nothing was opened"),
    Row("01 NEW, Privacy", after(Talk, say("hi")), tap("Privacy"), State.NEW, "30 days"),
    Row("02 NEW, I agree", after(Talk, say("hi")), tap("I agree"), State.IDLE, "Thank you", (wanted.GiveConsent,)),
    Row("02 NEW, agrees in words", after(Talk, say("hi")), say("yes"), State.IDLE, "Thank", (wanted.GiveConsent,)),
    Row(
        "02 NEW, I agree, a file waits",
        after(Talk, send("file1")),
        tap("I agree"),
        State.CHECKING,
        "looking at what you sent",
        (wanted.GiveConsent, wanted.Check),
    ),
    Row("03 IDLE, a document", agreed, send("file1"), State.COLLECTING, None, FILE),
    Row("03 IDLE, an image", agreed, photo("file1"), State.COLLECTING, None, FILE),
    Row("04 COLLECTING, a document", collecting, send(), State.COLLECTING, None, FILE),
    Row("05 COLLECTING, quiet", collecting, wait, State.CHECKING),
    Row("05 COLLECTING, quiet, all checked", after(collecting, check()), wait, State.REVIEW, "Lakeside Hospital"),
    Row("06 CHECKING, all failed", checking, check(outcome=Refused("empty")), State.IDLE, "whole", (wanted.Discard,)),
    Row("07 CHECKING, a locked PDF", checking, check(outcome=Locked()), State.PASSWORD, "send its password"),
    Row("08 PASSWORD, a text", locked, say("s3cret"), State.CHECKING, None, (wanted.Acknowledge, wanted.Unlock)),
    Row("08 PASSWORD, it opens", after(locked, say("s3cret")), check(), State.REVIEW, "Lakeside Hospital"),
    Row(
        "09 PASSWORD, wrong",
        after(locked, say("one")),
        check(outcome=WrongPassword()),
        State.PASSWORD,
        "That did not open it",
    ),
    Row(
        "09 PASSWORD, wrong for the third time",
        after(
            locked,
            say("one"),
            check(outcome=WrongPassword()),
            say("two"),
            check(outcome=WrongPassword()),
            say("three"),
        ),
        check(outcome=WrongPassword()),
        State.IDLE,
        "could not be opened",
        (wanted.Discard,),
    ),
    Row(
        "10 CHECKING, known bytes",
        checking,
        check(outcome=KNOWN),
        State.DUPLICATE,
        "on 1 Mar 2026 already, as report 12",
    ),
    Row("10 DUPLICATE, Show it", duplicate, tap("Show it"), State.DUPLICATE, "already", (wanted.Answer,)),
    Row("10 DUPLICATE, Keep both", duplicate, tap("Keep both"), State.REVIEW, "Lakeside Hospital"),
    Row("10 DUPLICATE, Discard", duplicate, tap("Discard"), State.IDLE, "Discarded", (wanted.Discard,)),
    Row("11 CHECKING, three photos", after(agreed, three_photos), wait, State.GROUPING, "3 photos"),
    Row("12 GROUPING, one report", photos, tap("One report"), State.REVIEW, "3 pages"),
    Row("12 GROUPING, one report, in words", photos, say("yes"), State.REVIEW, "3 pages"),
    Row("12 GROUPING, separate", photos, tap("Separate reports"), State.REVIEW, "3 Nov 2025"),
    Row("13 CHECKING, all sure", checking, check(), State.REVIEW, "3 Nov 2025 · Lakeside Hospital · Blood test"),
    Row("14 CHECKING, no date", checking, check(outcome=Ready()), State.ASK_DATE, "What is the date"),
    Row("14 CHECKING, two dates", checking, check(outcome=TWO_MEANINGS), State.ASK_DATE, "Which is the date"),
    Row("15 ASK_DATE, a date", asked_date, say("3 nov 2025"), State.ASK_HOSPITAL, "Which hospital"),
    Row("15 ASK_DATE, a month", asked_date, say("nov 2025"), State.ASK_HOSPITAL, "Which hospital"),
    Row(
        "15 ASK_DATE, a guess", after(checking, check(outcome=TWO_MEANINGS)), tap("11 Mar 2025"), State.REVIEW, "11 Mar"
    ),
    Row("15 ASK_DATE, by number", after(checking, check(outcome=TWO_MEANINGS)), say("2"), State.REVIEW, "11 Mar 2025"),
    Row("16 ASK_DATE, ambiguous", asked_date, say("3/11/2025"), State.ASK_DATE, "Which day do you mean?"),
    Row("16 ASK_DATE, one of the two", after(asked_date, say("3/11/2025")), tap("11 Mar 2025"), State.ASK_HOSPITAL, ""),
    Row("17 ASK_DATE, future", asked_date, say("3 nov 2027"), State.ASK_DATE, "still to come"),
    Row("17 ASK_DATE, impossible", asked_date, say("31 feb 2025"), State.ASK_DATE, "no such day"),
    Row("17 ASK_DATE, before birth", born(asked_date), say("3 nov 1979"), State.ASK_DATE, "before you were born"),
    Row("17 ASK_DATE, May alone", asked_date, say("May"), State.ASK_DATE, "with month and year"),
    Row("17 ASK_DATE, third time", after(asked_date, say("x"), say("x")), say("x"), State.ASK_DATE, "could not read"),
    Row("17 ASK_DATE, Use today", after(asked_date, *[say("x")] * 3), tap("Use today"), State.ASK_HOSPITAL, ""),
    Row("17 ASK_DATE, Skip date", after(asked_date, *[say("x")] * 3), tap("Skip date"), State.ASK_HOSPITAL, ""),
    Row("18 ASK_HOSPITAL, a name", asked_hospital, say("Apollo Clinic"), State.REVIEW, "Apollo Clinic"),
    Row("18 ASK_HOSPITAL, one letter", asked_hospital, say("x"), State.ASK_HOSPITAL, "2 to 80"),
    Row("18 ASK_HOSPITAL, too long", asked_hospital, say("x" * 81), State.ASK_HOSPITAL, "2 to 80"),
    Row("18 ASK_HOSPITAL, a row", knowing(asked_hospital), tap("Lakeside Hospital"), State.REVIEW, "Lakeside"),
    Row(
        "18 ASK_HOSPITAL, nearly", knowing(asked_hospital), say("Lakside Hospital"), State.ASK_HOSPITAL, "Did you mean"
    ),
    Row("18 ASK_HOSPITAL, meant", after(knowing(asked_hospital), NEARLY), tap("Yes"), State.REVIEW, "Lakeside H"),
    Row("18 ASK_HOSPITAL, not meant", after(knowing(asked_hospital), NEARLY), say("no"), State.REVIEW, "Lakside H"),
    Row("18 ASK_HOSPITAL, Skip", asked_hospital, tap("Skip"), State.REVIEW, "no hospital"),
    Row("19 ASK_TYPE, a row", asked_type, tap("Prescription"), State.REVIEW, "Prescription"),
    Row("19 ASK_TYPE, Other", asked_type, tap("Other"), State.REVIEW, "Other"),
    Row("19 ASK_TYPE, in words", asked_type, say("x-ray"), State.REVIEW, "Imaging"),
    Row("19 ASK_TYPE, unknown words", asked_type, say("horoscope"), State.ASK_TYPE, "from the list"),
    Row("20 REVIEW, Change", reviewing, tap("Change"), State.REVIEW, "What shall I change?"),
    Row("20 REVIEW, Change, Date", after(reviewing, tap("Change")), tap("Date"), State.ASK_DATE, "date of this report"),
    Row(
        "20 REVIEW, Change, Hospital", after(reviewing, tap("Change")), tap("Hospital"), State.ASK_HOSPITAL, "hospital"
    ),
    Row("20 REVIEW, Change, Kind", after(reviewing, tap("Change")), say("3"), State.ASK_TYPE, "What kind"),
    Row("20 REVIEW, Change, For whom", after(reviewing, tap("Change")), tap("For whom"), State.REVIEW, "Whom is"),
    Row(
        "20 REVIEW, For whom", after(reviewing, say("for whom")), say("Grandma Asha"), State.REVIEW, "For: Grandma Asha"
    ),
    Row("20 REVIEW, Note", after(reviewing, say("note")), say("fasting"), State.REVIEW, "Note: fasting"),
    Row("21 REVIEW, date 5 nov", reviewing, say("date 5 nov 2025"), State.REVIEW, "5 Nov 2025"),
    Row("21 REVIEW, a date alone", reviewing, say("5 nov 2025"), State.REVIEW, "5 Nov 2025"),
    Row("21 REVIEW, hospital Apollo", reviewing, say("hospital Apollo"), State.REVIEW, "Apollo"),
    Row("21 REVIEW, a kind alone", reviewing, say("prescription"), State.REVIEW, "Prescription"),
    Row("22 REVIEW, Save", reviewing, tap("Save"), State.SAVING, None, (wanted.Save,)),
    Row("22 REVIEW, yes", reviewing, say("yes"), State.SAVING, None, (wanted.Save,)),
    Row("22 REVIEW, 1", reviewing, say("1"), State.SAVING, None, (wanted.Save,)),
    Row("22 REVIEW, save", reviewing, say("save it"), State.SAVING, None, (wanted.Save,)),
    Row("23 SAVING, done", saving, saved, State.IDLE, "Saved as report 12."),
    Row("24 SAVING, done, more wait", after(with_queue(reviewing), tap("Save")), saved, State.REVIEW, "12. Next file:"),
    Row("25 SAVING, failed", saving, save_failed, State.SAVING),
    Row("25 SAVING, its time is over", after(saving, save_failed), wait, State.SAVING, None, (wanted.Save,)),
    Row(
        "25 SAVING, failed three times",
        after(saving, save_failed, wait, save_failed, wait),
        save_failed,
        State.PAUSED,
        "not saved yet",
        (wanted.Alarm, wanted.Note),
    ),
    Row(
        "25 PAUSED, saving is tried again",
        after(saving, save_failed, wait, save_failed, wait, save_failed),
        wait,
        State.PAUSED,
        None,
        (wanted.Save,),
    ),
    Row("26 REVIEW, a file", reviewing, send(), State.REVIEW, None, FILE),
    Row("26 REVIEW, two files, quiet", after(reviewing, send("b"), send("c")), wait, State.REVIEW, "2 more files are"),
    Row(
        "26 REVIEW, the queue is full",
        full(reviewing),
        send("z"),
        State.REVIEW,
        "finish those first",
        (wanted.Discard,),
    ),
    Row("26 GROUPING, another photo", photos, photo("photo4"), State.COLLECTING, None, FILE),
    Row("27 REVIEW, CANCEL", reviewing, say("CANCEL"), State.IDLE, "Discarded", (wanted.Discard,)),
    Row("27 REVIEW, Cancel", reviewing, tap("Cancel"), State.IDLE, "Discarded", (wanted.Discard,)),
    Row("27 PASSWORD, CANCEL", locked, say("cancel"), State.IDLE, "Discarded", (wanted.Discard,)),
    Row("27 COLLECTING, CANCEL", collecting, say("cancel"), State.IDLE, "Discarded", (wanted.Discard,)),
    Row("27 CANCEL, more wait", with_queue(reviewing), say("cancel"), State.IDLE, "2 more files", (wanted.Discard,)),
    Row(
        "27 CANCEL, Next file", after(with_queue(reviewing), say("cancel")), tap("Next file"), State.REVIEW, "Lakeside"
    ),
    Row(
        "27 CANCEL, Discard all",
        after(with_queue(reviewing), say("cancel")),
        tap("Discard all"),
        State.IDLE,
        "All waiting files",
        (wanted.Discard,),
    ),
    Row("27 SAVING, CANCEL", saving, say("cancel"), State.SAVING, "being saved"),
    Row("27 IDLE, CANCEL", agreed, say("cancel"), State.IDLE, "nothing to cancel"),
    Row("29 REVIEW, 30 minutes", reviewing, wait, State.PAUSED, "Shall we go on?"),
    Row("29 REVIEW, 30 minutes, window closed", reviewing, closed, State.PAUSED, None, (wanted.Note,)),
    Row("30 PAUSED, Resume", paused, tap("Resume"), State.REVIEW, "Lakeside Hospital"),
    Row("30 PAUSED, yes", paused, say("yes"), State.REVIEW, "Lakeside Hospital"),
    Row("30 PAUSED, any file", paused, send(), State.REVIEW, "Lakeside Hospital", FILE),
    Row("30 PAUSED, Discard", paused, tap("Discard"), State.IDLE, "Discarded", (wanted.Discard,)),
    Row("30 PAUSED, the answer", after(asked_date, wait), say("3 nov 2025"), State.ASK_HOSPITAL, "Which hospital"),
    Row("31 PAUSED, 24 hours", paused, wait, State.IDLE, None, (wanted.Discard, wanted.Note)),
    Row("32 IDLE, DELETE 12", agreed, say("DELETE 12"), State.IDLE, None, (wanted.Open,)),
    Row("32 IDLE, it is theirs", agreed, opened, State.DELETE_CONFIRM, "Delete this report?"),
    Row("32 IDLE, it is not theirs", agreed, not_there, State.IDLE, "no report 12 of yours"),
    Row("33 DELETE_CONFIRM, Delete", asked_to_delete, tap("Delete"), State.IDLE, None, (wanted.Delete,)),
    Row("33 DELETE_CONFIRM, done", after(asked_to_delete, tap("Delete")), deleted, State.IDLE, "UNDO brings it back"),
    Row("33 DELETE_CONFIRM, Keep", asked_to_delete, tap("Keep"), State.IDLE, "It stays."),
    Row("33 DELETE_CONFIRM, 5 minutes", asked_to_delete, wait, State.IDLE),
    Row("33 UNDO", after(asked_to_delete, tap("Delete"), deleted), tap("Undo"), State.IDLE, None, (wanted.Undo,)),
    Row("33 UNDO, done", agreed, restored, State.IDLE, "Report 12 is back"),
    Row("34 REVIEW, a foreign draft", reviewing, foreign_tap, State.REVIEW, "out of date"),
    Row("34 REVIEW, an old version", reviewing, old_version, State.REVIEW, "out of date"),
    Row("34 IDLE, an old card", agreed, foreign_tap, State.IDLE, "out of date"),
    Row("34 IDLE, the card that was saved", after(saving, saved), tap("Save"), State.IDLE, "already, as report 12"),
    Row("35 IDLE, a voice note", agreed, not_accepted("voice"), State.IDLE, "PDF files and photos"),
    Row("35 IDLE, another within the hour", after(agreed, not_accepted("voice")), not_accepted("video"), State.IDLE),
    Row("35 REVIEW, a sticker", reviewing, not_accepted("sticker"), State.REVIEW, "PDF files and photos"),
    Row("35 IDLE, over 100 MB", agreed, not_accepted("too_large"), State.IDLE, "over 100 MB"),
    Row("36 REVIEW, a thumb up", reviewing, ignored, State.REVIEW),
    Row("36 IDLE, unsupported", agreed, not_accepted("unsupported"), State.IDLE, "PDF files and photos"),
    Row("37 IDLE, another number", agreed, identity_changed, State.IDLE, None, (wanted.Note,)),
    Row("37 IDLE, another phone", agreed, another_phone, State.IDLE, None, (wanted.Note,)),
    Row(
        "37 REVIEW, another phone",
        reviewing,
        another_phone,
        State.IDLE,
        "what was not saved yet is discarded",
        (wanted.Note, wanted.Discard),
    ),
    Row(
        "37 CHECKING, another phone",
        checking,
        another_phone,
        State.IDLE,
        "Please send it again",
        (wanted.Note, wanted.Discard),
    ),
    Row("37 SAVING, another phone", saving, another_phone, State.SAVING, None, (wanted.Note,)),
    Row("37 REVIEW of a saved report, another phone", changing, another_phone, State.IDLE, "stays", (wanted.Note,)),
    Row("37 REVIEW, same account", reviewing, same_account, State.REVIEW, None, (wanted.Note,)),
    Row("37 REVIEW of a saved report, same account", changing, same_account, State.IDLE, "stays", (wanted.Note,)),
    Row(
        "37 CHECKING after it, known bytes",
        after(agreed, another_phone, send("file1"), wait),
        check(outcome=KNOWN),
        State.ASK_DATE,
        "What is the",
    ),
    Row("37 IDLE, the next read", stepping_up, say("LIST"), State.STEP_UP, "PIN of 6 digits", (wanted.Note,)),
    Row("37 IDLE, the next read, no PIN", without_pin, say("LIST"), State.IDLE, "stay closed", (wanted.Note,)),
    Row("38 STEP_UP, a PIN", asked_pin, say("482 913"), State.STEP_UP, None, (wanted.Acknowledge, wanted.TryPin)),
    Row("38 STEP_UP, right", after(asked_pin, say("482913")), pin_right, State.IDLE, None, (wanted.Answer,)),
    Row("38 STEP_UP, wrong", after(asked_pin, say("482913")), pin_wrong, State.STEP_UP, "2 tries left"),
    Row("38 STEP_UP, blocked", after(asked_pin, say("482913")), pin_blocked, State.IDLE, "in 5 minutes"),
    Row("38 STEP_UP, five digits", asked_pin, say("48291"), State.STEP_UP, "6 digits"),
    Row("38 STEP_UP, 5 minutes", asked_pin, wait, State.IDLE),
    Row("38 STEP_UP, let in by staff", asked_pin, let_in, State.IDLE, "made sure that it is you"),
    Row("38 IDLE, let in by staff", without_pin, let_in, State.IDLE, "Send PIN to choose one"),
    Row("38 REVIEW, let in by staff", reviewing, let_in, State.REVIEW, "Lakeside Hospital"),
    Row("39 IDLE, STOP", agreed, say("STOP"), State.NEW, "erased on 29 Dec 2026", (wanted.WithdrawConsent,)),
    Row("39 REVIEW, STOP", reviewing, say("stop"), State.NEW, "stopped", (wanted.Discard, wanted.WithdrawConsent)),
    Row("39 NEW, STOP", Talk, say("stop"), State.NEW, "Nothing of yours is kept"),
    Row("39 STOP, Export", after(agreed, say("stop")), tap("Export"), State.NEW, None, (wanted.Answer,)),
    Row("39 STOP, Erase all", after(agreed, say("stop")), tap("Erase all"), State.DELETE_CONFIRM, "cannot be undone"),
    Row(
        "39 STOP, Erase all, sure",
        after(agreed, say("stop"), tap("Erase all")),
        tap("Erase all"),
        State.NEW,
        None,
        (wanted.EraseEverything,),
    ),
    Row("40 IDLE, unknown text", agreed, say("hm?"), State.IDLE, "did not understand"),
    Row("40 IDLE, the second time", after(agreed, say("hm?")), say("hm!"), State.IDLE, "*LIST*"),
    Row("40 IDLE, the third time", after(agreed, say("hm?"), say("hm!")), say("hm."), State.IDLE),
    Row(
        "40 IDLE, after ten minutes",
        after(agreed, *[say("hm")] * 3, pass_ten_minutes),
        say("hm"),
        State.IDLE,
        "not und",
    ),
    Row("40 REVIEW, unknown text", reviewing, say("hm?"), State.REVIEW, "Lakeside Hospital"),
]
READS = {
    "HELP": None,
    "LIST": wanted.ListReports(),
    "LIST blood 2025 2": wanted.ListReports(type="blood_test", year=2025, page=2),
    "SEARCH sugar": wanted.SearchReports(words="sugar"),
    "GET 12": wanted.GetReport(number=12),
    "HISTORY": wanted.ShowHistory(),
    "HISTORY 12": wanted.ShowHistory(number=12),
    "EXPORT": wanted.Export(),
    "SHARE 12": wanted.ShareReport(number=12),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row) -> None:
    talk = row.given()

    row.when(talk)

    assert talk.state == row.then
    if row.says is None:
        assert talk.text == ""
    else:
        assert len(talk.messages()) == 1
        assert row.says in talk.text
    assert tuple(type(one) for one in talk.effects if not isinstance(one, wanted.Say)) == row.does


@pytest.mark.parametrize("command", READS)
@pytest.mark.parametrize("state", [state for state in State if state not in (State.NEW, State.PASSWORD, State.STEP_UP)])
def test_row_28_reads_work_everywhere_and_the_card_follows(state: State, command: str) -> None:
    talk = IN_STATE[state]()
    draft = talk.conversation.draft

    talk.say(command)

    query = READS[command]
    assert [one.query for one in talk.wanted(wanted.Answer)] == ([] if query is None else [query])
    # A question about what cannot be taken back does not wait behind something else.
    assert talk.state == (State.IDLE if state is State.DELETE_CONFIRM else state)
    assert talk.conversation.draft == draft
    is_asked = draft is not None and state is not State.SAVING
    assert len(talk.messages()) == (1 if is_asked or query is None else 0)
    if is_asked:
        assert isinstance(talk.effects[-1], wanted.Say)
        assert talk.titles() or draft is None or draft.stage is State.ASK_DATE


def test_every_row_of_the_table_has_a_test() -> None:
    assert {int(row.id[:2]) for row in ROWS} | {28} == set(range(1, 41))
