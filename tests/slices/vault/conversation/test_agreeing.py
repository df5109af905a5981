"""Consent: nothing is opened without it, an older text is asked again, and STOP is heard always."""

from __future__ import annotations

from talk import NOW_MS, Talk, agreed, reviewing

from wipsie.slices.vault.domain.conversation import ChoiceTapped, Erased, FileChecked, Policy, State
from wipsie.slices.vault.domain.conversation.effects import (
    Answer,
    Check,
    Discard,
    EraseEverything,
    Export,
    GiveConsent,
    Note,
    SetLanguage,
    WithdrawConsent,
)
from wipsie.slices.vault.domain.conversation.outcomes import Ready

HOUR_S = 3600


def test_consent_says_which_text_in_which_language_by_which_message() -> None:
    talk = Talk("de")
    talk.say("hallo")

    talk.give(ChoiceTapped(id="tap-7", choice="a:agree:1"))

    assert talk.wanted(GiveConsent) == [GiveConsent(version=1, language="de", message_id="tap-7")]


def test_five_photos_and_a_greeting_are_welcomed_once() -> None:
    talk = Talk()
    said = 0
    for number in range(5):
        talk.photo(f"photo{number}")
        talk.pass_s(1)
        said += len(talk.messages())

    assert said == 1
    assert len(talk.conversation.files) == 5
    assert not any(isinstance(effect, Check) for effect in talk.all_effects)


def test_a_stranger_who_never_agrees_is_not_answered_for_ever() -> None:
    talk = Talk()
    for _ in range(20):
        talk.say("hello")
        talk.pass_s(60)

    assert len(talk.messages(of_all=True)) == 6
    talk.pass_s(HOUR_S)
    talk.say("hello")
    assert talk.messages()


def test_a_yes_before_the_text_was_shown_is_no_consent() -> None:
    talk = Talk()

    talk.say("yes")

    assert talk.state is State.NEW
    assert not talk.wanted(GiveConsent)


def test_the_button_of_an_older_text_is_no_consent_to_this_one() -> None:
    talk = Talk(consent_version=2)
    talk.say("hi")

    talk.give(ChoiceTapped(id="old", choice="a:agree:1"))

    assert talk.state is State.NEW
    assert "Do you agree?" in talk.text


def test_who_agreed_to_an_older_text_is_asked_again() -> None:
    talk = agreed()
    talk.facts["consent_version"] = 2

    talk.say("LIST")
    assert "has changed" in talk.text
    assert not talk.wanted(Answer)
    talk.send()
    assert not talk.wanted(Check)
    talk.tap("I agree")

    assert talk.wanted(GiveConsent)[0].version == 2
    assert talk.wanted(Check)[0].file_ids == ("file1",)
    talk.pass_s(60)
    talk.say("LIST")
    assert "I agree" not in talk.titles()


def test_who_is_in_the_middle_of_a_report_ends_it_before_they_are_asked_again() -> None:
    talk = reviewing()
    talk.facts["consent_version"] = 2

    talk.tap("Save")

    assert talk.state is State.SAVING


def test_what_is_theirs_can_be_taken_along_without_agreeing_again() -> None:
    talk = agreed()
    talk.facts["consent_version"] = 2

    talk.say("EXPORT")

    assert talk.wanted(Answer) == [Answer(Export())]


def test_files_of_who_never_agrees_are_erased_after_a_day_without_a_word() -> None:
    talk = Talk()
    talk.send()
    assert talk.conversation.deadline_ms == NOW_MS + 24 * HOUR_S * 1000

    talk.wait()

    assert talk.wanted(Discard)[0].file_ids == ("file1",)
    assert talk.wanted(Note)[0].action == "expired"
    assert talk.text == ""
    assert talk.conversation.deadline_ms is None


def test_cancel_before_agreeing_erases_what_waits() -> None:
    talk = Talk()
    talk.send()

    talk.say("CANCEL")

    assert talk.wanted(Discard)[0].file_ids == ("file1",)
    assert talk.conversation.files == ()


def test_a_language_can_be_chosen_before_agreeing() -> None:
    talk = Talk()
    talk.say("hi")

    talk.say("हिन्दी")

    assert talk.wanted(SetLanguage) == [SetLanguage("hi")]
    assert talk.titles()[0] == "मैं सहमत हूँ"


def test_stop_is_heard_however_late_it_arrives() -> None:
    talk = reviewing()

    talk.say("STOP", sent_at_ms=talk.now_ms - 6 * HOUR_S * 1000)

    assert talk.wanted(WithdrawConsent)
    assert talk.wanted(Discard)[0].file_ids == ("file1",)
    assert talk.state is State.NEW


def test_after_stop_results_and_files_change_nothing() -> None:
    talk = reviewing()
    talk.say("STOP")

    talk.give(FileChecked(id="late", file_id="file1", outcome=Ready()))

    assert talk.effects == ()
    talk.pass_s(HOUR_S)
    talk.send("file2")
    assert not talk.wanted(Check)


def test_who_agrees_after_stop_goes_on() -> None:
    talk = agreed()
    talk.say("STOP")
    talk.pass_s(HOUR_S)
    talk.say("hello")

    talk.tap("I agree")

    assert talk.wanted(GiveConsent)
    assert talk.conversation.stopped_at_ms is None
    assert talk.state is State.IDLE


def test_stop_said_twice_tells_the_same_day() -> None:
    talk = agreed(policy=Policy(erase_after_days=10))
    talk.say("STOP")
    assert "9 Dec 2026" in talk.text
    talk.pass_s(3 * 24 * HOUR_S)

    talk.say("STOP")

    assert "9 Dec 2026" in talk.text
    assert not talk.wanted(WithdrawConsent)


def test_everything_is_erased_after_a_second_yes_only() -> None:
    talk = agreed()

    talk.say("delete everything")
    assert not talk.wanted(EraseEverything)
    talk.say("no")
    assert talk.text == "It stays."
    talk.say("delete everything")
    talk.tap("Erase all")

    assert talk.wanted(EraseEverything)
    talk.give(Erased(id="erased"))
    assert "erased" in talk.text
    assert talk.state is State.NEW
    assert talk.conversation.stopped_at_ms is None


def test_a_stranger_has_nothing_to_erase() -> None:
    talk = Talk()

    talk.say("delete everything")

    assert "Do you agree?" in talk.text


def test_a_typed_no_is_taken_for_one() -> None:
    talk = Talk()
    talk.say("hi")

    talk.say("no")

    assert "Nothing was opened" in talk.text
