"""Drafts: what is pre-filled, asked and changed, and what other files do meanwhile."""

from __future__ import annotations

from datetime import date

import pytest
from talk import (
    ALL_SURE,
    REPORT,
    THIRD,
    Talk,
    agreed,
    asked_date,
    checking,
    collecting,
    duplicate,
    locked,
    photos,
    reviewing,
    saving,
)

from wipsie.slices.vault.domain.conversation import (
    ChoiceTapped,
    DateGuess,
    Details,
    FileChecked,
    NameGuess,
    Policy,
    ReportOpened,
    Saved,
    State,
    Suggestions,
    TypeGuess,
)
from wipsie.slices.vault.domain.conversation.effects import Alarm, Answer, Check, Discard, Open, Save, Say, Unlock
from wipsie.slices.vault.domain.conversation.outcomes import (
    Delayed,
    DuplicateOf,
    Locked,
    Ready,
    Refused,
    WrongPassword,
)
from wipsie.slices.vault.domain.dates import PartialDate

MARCH = PartialDate(2025, 3, 11)


def save(talk: Talk, number: int = 12) -> Save:
    talk.tap("Save")
    (wanted,) = talk.wanted(Save)
    talk.give(Saved(id=f"saved:{wanted.draft_id}", draft_id=wanted.draft_id, number=number))
    return wanted


def test_nothing_doubtful_is_filled_in() -> None:
    unsure = Suggestions(
        dates=(DateGuess(THIRD),), hospitals=(NameGuess("Lakeside Hospital"),), types=(TypeGuess("blood_test"),)
    )
    talk = reviewing(outcome=Ready(suggestions=unsure))

    assert talk.state is State.ASK_DATE
    assert talk.titles() == ["3 Nov 2025"]
    talk.tap("3 Nov 2025")
    assert talk.titles() == ["Lakeside Hospital", "Skip"]
    talk.tap("Lakeside Hospital")
    assert talk.titles()[0] == "Blood test"
    talk.tap("Blood test")
    assert talk.state is State.REVIEW
    assert save(talk).details == Details(date=THIRD, hospital="Lakeside Hospital", type="blood_test")


def test_a_month_is_kept_as_a_month() -> None:
    talk = asked_date()
    talk.say("nov 2025")
    talk.say("skip")

    assert save(talk).details.date == PartialDate(2025, 11)


def test_a_caption_that_is_a_date_or_a_kind_is_taken_for_it_and_a_greeting_for_nothing() -> None:
    for caption, details in (
        ("3 nov 2025", Details(date=THIRD)),
        ("Blood test", Details(type="blood_test")),
        ("good morning", Details()),
    ):
        talk = agreed()
        talk.send(caption=caption)
        talk.check(outcome=Ready())
        talk.wait()
        assert talk.conversation.draft is not None
        assert talk.conversation.draft.details == details


def test_pages_that_are_sure_of_different_dates_are_sure_of_none() -> None:
    talk = agreed()
    for name, day in (("photo1", THIRD), ("photo2", MARCH)):
        talk.photo(name)
        talk.check(name, Ready(suggestions=Suggestions(dates=(DateGuess(day, is_sure=True),))))
    talk.wait()

    talk.tap("One report")

    assert talk.state is State.ASK_DATE
    assert talk.titles() == ["3 Nov 2025", "11 Mar 2025"]


def test_pages_stand_as_they_were_sent_not_as_they_arrived() -> None:
    talk = agreed()
    began_ms = talk.now_ms
    for name, second in (("photo2", 2), ("photo3", 3), ("photo1", 1)):
        talk.photo(name, sent_at_ms=began_ms + second * 1000)
        talk.check(name)
    talk.wait()
    talk.tap("One report")

    assert save(talk).file_ids == ("photo1", "photo2", "photo3")


def test_separate_photos_are_taken_one_after_the_other() -> None:
    talk = photos()
    talk.tap("Separate reports")

    saved = [save(talk, 1), save(talk, 2), save(talk, 3)]

    assert [one.file_ids for one in saved] == [("photo1",), ("photo2",), ("photo3",)]
    assert len({one.draft_id for one in saved}) == 3
    assert talk.state is State.IDLE


def test_documents_of_one_burst_are_reports_of_their_own_and_photos_beside_them_one() -> None:
    talk = agreed()
    for name in ("photo1", "photo2"):
        talk.photo(name)
        talk.check(name)
    talk.send("file1")
    talk.check("file1")
    talk.wait()

    assert talk.state is State.GROUPING
    talk.say("1")
    first = save(talk)
    second = save(talk)

    assert {first.file_ids, second.file_ids} == {("photo1", "photo2"), ("file1",)}


def test_a_photo_that_comes_while_they_are_asked_joins_the_others() -> None:
    talk = photos(2)

    talk.photo("photo3")
    talk.check("photo3")
    talk.wait()

    assert "3 photos" in talk.text


def test_a_photo_that_comes_much_later_is_another_report() -> None:
    talk = photos(2)
    talk.pass_s(600)

    talk.photo("photo3")

    assert talk.state is State.GROUPING
    talk.check("photo3")
    talk.wait()
    assert talk.text == "1 more file is waiting."


def test_a_document_alone_waits_a_moment_and_a_burst_of_photos_half_a_minute_at_most() -> None:
    talk = agreed(policy=Policy())
    talk.send()
    assert talk.conversation.deadline_ms == talk.now_ms + 500

    talk = agreed()
    began_ms = talk.now_ms
    for number in range(5):
        talk.photo(f"photo{number}")
        talk.pass_s(7)
    assert talk.conversation.deadline_ms == began_ms + 30_000


def test_a_file_that_takes_long_holds_up_nobody_but_itself() -> None:
    talk = agreed()
    talk.send("slow")
    talk.send("quick")
    talk.wait()

    talk.check("quick")

    assert talk.state is State.REVIEW
    talk.check("slow")
    assert talk.effects == ()
    talk.tap("Save")
    (wanted,) = talk.wanted(Save)
    talk.give(Saved(id="saved", draft_id=wanted.draft_id, number=1))
    assert talk.text.startswith("Saved as report 1. Next file:")


def test_a_refused_file_is_told_of_with_the_card_of_the_next() -> None:
    talk = agreed()
    for name in ("file1", "file2"):
        talk.send(name)
    talk.check("file1", Refused("infected"))
    talk.check("file2")
    talk.wait()

    assert len(talk.messages()) == 1
    assert "file1.pdf was not kept: the virus scanner" in talk.text
    assert "Lakeside Hospital" in talk.text
    assert talk.wanted(Discard)[0].file_ids == ("file1",)


def test_who_waits_is_told_after_20_seconds_and_let_go_after_10_minutes() -> None:
    talk = checking()
    began_ms = talk.now_ms

    talk.wait()
    assert (talk.now_ms - began_ms, talk.text) == (20_000, "Still reading your file. A moment, please.")
    talk.wait()
    assert talk.now_ms - began_ms == 600_000
    assert "takes longer" in talk.text
    assert talk.state is State.IDLE

    talk.check()
    assert talk.state is State.REVIEW


def test_a_file_that_nobody_ever_checks_is_erased_after_a_day() -> None:
    talk = checking()
    talk.wait()
    talk.wait()

    talk.wait()

    assert talk.wanted(Discard)[0].file_ids == ("file1",)
    assert talk.conversation.deadline_ms is None


def test_a_scanner_that_is_away_is_told_of_once() -> None:
    talk = checking()

    talk.check(outcome=Delayed())
    assert "cannot check files right now" in talk.text
    talk.check(outcome=Delayed())
    assert talk.text == ""
    talk.check()
    assert talk.state is State.REVIEW


def test_a_scanner_that_was_away_before_all_files_were_there_is_told_of_when_they_are() -> None:
    talk = collecting()

    talk.check(outcome=Delayed())
    assert talk.text == ""
    talk.wait()
    assert talk.state is State.CHECKING
    assert "cannot check files right now" in talk.text
    talk.check()
    assert talk.state is State.REVIEW


def test_a_result_that_comes_again_is_not_taken_again() -> None:
    talk = reviewing()
    talk.say("date 5 nov 2025")

    talk.check(outcome=Refused("infected"))

    assert talk.effects == ()
    assert talk.state is State.REVIEW


@pytest.mark.parametrize("word", ["cancel", "CANCEL", "stop", "help"])
def test_a_password_may_be_any_word_but_these(word: str) -> None:
    talk = locked()

    talk.say(word)

    assert not talk.wanted(Unlock)


@pytest.mark.parametrize("word", ["list", "get 5", "yes", "1", "delete", "hunter2", " p w "])
def test_words_of_commands_are_passwords_where_one_is_asked_for(word: str) -> None:
    talk = locked()

    talk.say(word)

    assert talk.wanted(Unlock) == [Unlock(file_id="file1", password=word.strip())]
    assert word.strip() not in talk.conversation.__repr__() or len(word) < 4


def test_an_answer_to_an_older_password_may_open_the_file() -> None:
    talk = locked()
    talk.say("one")
    talk.check(outcome=WrongPassword())
    assert talk.state is State.PASSWORD

    talk.check()

    assert talk.state is State.REVIEW


def test_an_unlocked_file_that_was_saved_before_is_a_duplicate() -> None:
    talk = locked()
    talk.say("secret")

    talk.check(outcome=Ready(duplicate_of=DuplicateOf(4)))

    assert talk.state is State.DUPLICATE


def test_a_password_nobody_tries_in_time_is_asked_for_again() -> None:
    talk = locked()
    talk.say("secret")
    talk.wait()
    assert talk.state is State.IDLE

    talk.check(outcome=Locked())

    assert talk.state is State.PASSWORD


def test_photos_that_were_all_saved_before_are_asked_about_once() -> None:
    known = Ready(suggestions=ALL_SURE, duplicate_of=DuplicateOf(12, date(2026, 3, 1)))
    talk = photos(2, known)

    talk.say("1")

    assert talk.state is State.DUPLICATE


def test_showing_the_earlier_one_asks_again_afterwards() -> None:
    talk = duplicate()

    talk.tap("Show it")

    assert [type(effect) for effect in talk.effects] == [Answer, Say]
    assert talk.titles() == ["Show it", "Keep both", "Discard"]


def test_a_new_card_has_a_new_version_and_the_old_one_is_out_of_date() -> None:
    talk = reviewing()
    old = talk.choice("Save")
    talk.say("date 5 nov 2025")
    new = talk.choice("Save")

    assert old != new
    talk.give(ChoiceTapped(id="old", choice=old))
    assert not talk.wanted(Save)
    talk.give(ChoiceTapped(id="new", choice=new))
    assert talk.wanted(Save)[0].details.date == PartialDate(2025, 11, 5)


def test_the_card_is_good_while_a_change_is_asked_about() -> None:
    talk = reviewing()
    card = talk.choice("Save")
    talk.tap("Change")
    talk.tap("Date")

    talk.give(ChoiceTapped(id="save", choice=card))

    assert talk.wanted(Save)[0].details.date == THIRD


def test_save_tapped_twice_is_one_report() -> None:
    talk = saving()
    card = talk.choice("Save")

    talk.give(ChoiceTapped(id="again", choice=card))

    assert not talk.wanted(Save)
    assert "being saved" in talk.text


@pytest.mark.parametrize(
    "text", ["for how long do you keep it?", "for all the people in my family", "hospital or doctor?"]
)
def test_talk_is_no_change(text: str) -> None:
    talk = reviewing()
    before = talk.conversation.draft

    talk.say(text)

    assert talk.conversation.draft is not None
    assert before is not None
    assert talk.conversation.draft.details == before.details


def test_a_name_is_one_line_of_what_can_be_seen() -> None:
    talk = reviewing()

    talk.say("hospital  Apollo\u202e\n Clinic\u0000")

    assert "Apollo Clinic" in talk.text


def test_a_known_name_is_written_as_it_was_before() -> None:
    talk = reviewing(known_hospitals=("Clínica Santa María",))

    talk.say("hospital clinica santa maria")

    assert "Clínica Santa María" in talk.text


def test_with_minimal_detail_the_card_tells_date_and_pages_alone() -> None:
    talk = reviewing(policy=Policy(card_detail="minimal"), outcome=Ready(suggestions=ALL_SURE, pages=3))

    assert "3 Nov 2025" in talk.text
    assert "3 pages" in talk.text
    assert "Lakeside" not in talk.text
    assert "Blood" not in talk.text


def test_a_saved_report_is_changed_and_nothing_else_of_it() -> None:
    talk = agreed()
    talk.say("EDIT 12")
    assert talk.wanted(Open) == [Open(number=12, purpose="edit")]
    talk.give(ReportOpened(id="opened", report=REPORT, purpose="edit"))
    assert "3 Nov 2025" in talk.text
    talk.say("type prescription")

    wanted = save(talk)

    assert (wanted.edits, wanted.edits_version, wanted.file_ids) == (12, 3, ())
    assert wanted.details == Details(date=THIRD, hospital="Lakeside Hospital", type="prescription")
    assert talk.text == "Report 12 is changed."


def test_a_change_that_is_cancelled_discards_no_file() -> None:
    talk = agreed()
    talk.give(ReportOpened(id="opened", report=REPORT, purpose="edit"))

    talk.say("CANCEL")

    assert talk.text == "Report 12 stays as it was."
    assert not talk.wanted(Discard)


def test_another_report_is_not_changed_before_this_one_is_done() -> None:
    talk = reviewing()

    talk.say("EDIT 12")

    assert "finish this one first" in talk.text
    assert not talk.wanted(Open)


def test_deleting_in_the_middle_of_a_report_comes_back_to_it() -> None:
    talk = reviewing()
    talk.say("DELETE 12")
    talk.give(ReportOpened(id="opened", report=REPORT, purpose="delete"))
    assert talk.state is State.DELETE_CONFIRM

    talk.tap("Keep")

    assert talk.state is State.REVIEW
    assert talk.titles() == ["Save", "Change", "Cancel"]


def test_who_turns_back_to_the_card_is_not_asked_about_deleting_any_more() -> None:
    talk = reviewing()
    card = talk.choice("Save")
    talk.give(ReportOpened(id="opened", report=REPORT, purpose="delete"))

    talk.give(ChoiceTapped(id="save", choice=card))

    assert talk.wanted(Save)
    assert talk.state is State.SAVING


def test_a_delete_that_is_tapped_too_late_deletes_nothing() -> None:
    talk = agreed()
    talk.give(ReportOpened(id="opened", report=REPORT, purpose="delete"))
    talk.pass_s(301)

    talk.tap("Delete")

    assert "out of date" in talk.text


def test_saving_goes_on_for_a_week_and_is_then_put_aside() -> None:
    talk = saving()
    tries = 1
    while talk.conversation.draft is not None and talk.conversation.draft.is_save_wanted:
        talk.wait(window_open=False)
        tries += len(talk.wanted(Save))
        assert tries < 500

    assert tries == 3 + 168
    assert talk.wanted(Alarm)
    assert talk.state is State.PAUSED
    assert len([effect for effect in talk.all_effects if isinstance(effect, Alarm)]) == 2


def test_a_report_that_is_saved_late_is_told_of() -> None:
    talk = saving()
    draft = talk.conversation.draft
    assert draft is not None
    talk.wait()
    talk.wait()
    talk.wait()
    assert talk.state is State.PAUSED

    talk.give(Saved(id="saved", draft_id=draft.id, number=5))

    assert talk.text == "Saved as report 5."
    assert talk.state is State.IDLE


def test_the_first_saved_report_comes_with_a_hint() -> None:
    talk = saving()
    draft = talk.conversation.draft
    assert draft is not None

    talk.give(Saved(id="saved", draft_id=draft.id, number=1), first_save=True)

    assert "GET and its number" in talk.text


def test_a_result_for_a_file_that_is_nobodys_changes_nothing() -> None:
    talk = reviewing()
    before = talk.conversation.draft

    talk.give(FileChecked(id="x", file_id="foreign", outcome=Ready()))

    assert talk.effects == ()
    assert talk.conversation.draft == before


def test_the_card_of_the_next_file_quotes_its_message() -> None:
    talk = agreed()
    for name in ("file1", "file2"):
        talk.send(name)
        talk.check(name)
    talk.wait()
    talk.tap("Save")
    (wanted,) = talk.wanted(Save)

    talk.give(Saved(id="saved", draft_id=wanted.draft_id, number=1))

    assert [one.quote for one in talk.wanted(Say)] == ["message-file2"]


def test_a_file_that_is_sent_again_with_its_id_is_one() -> None:
    talk = agreed()
    talk.send("file1")

    talk.send("file1", id="another message")

    assert talk.effects == ()
    assert not talk.wanted(Check)


def test_a_letterhead_that_is_no_name_is_not_offered() -> None:
    for name in ("x" * 200, "1", "12/3"):
        talk = reviewing(outcome=Ready(suggestions=Suggestions(hospitals=(NameGuess(name, is_sure=True),))))
        assert talk.conversation.draft is not None
        assert talk.conversation.draft.details.hospital is None
        assert talk.conversation.draft.hospitals == ()


def test_a_card_that_was_put_aside_can_be_gone_on_with_by_its_own_buttons() -> None:
    talk = reviewing()
    card = talk.choice("Save")
    talk.wait()
    assert talk.state is State.PAUSED

    talk.give(ChoiceTapped(id="save", choice=card))

    assert talk.wanted(Save)
    assert talk.state is State.SAVING


def test_what_is_being_saved_for_hours_is_not_changed_by_its_old_card() -> None:
    talk = saving()
    card = talk.choice("Save")
    for _ in range(3):
        talk.wait()
    assert talk.state is State.PAUSED

    talk.give(ChoiceTapped(id="again", choice=card))

    assert talk.state is State.PAUSED
    assert "out of date" in talk.text
