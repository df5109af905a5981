"""The PIN: set, changed and asked for; never kept in the conversation."""

from __future__ import annotations

import pytest
from talk import Talk, agreed, asked_pin, reviewing

from wipsie.slices.vault.domain.conversation import IdentityChanged, LetIn, PinRight, PinSet, PinWrong, Policy, State
from wipsie.slices.vault.domain.conversation.effects import (
    Answer,
    Delete,
    EraseEverything,
    ListReports,
    Open,
    SetPin,
    TryPin,
    Undo,
    WithdrawConsent,
)


def test_a_pin_is_set_in_two_messages_or_in_one() -> None:
    talk = agreed()
    talk.say("PIN")
    assert "Which 6 digits" in talk.text
    talk.say("४८२९१३")
    assert talk.wanted(SetPin) == [SetPin("482913")]
    talk.give(PinSet(id="set"))
    assert "PIN is set" in talk.text
    assert talk.state is State.IDLE

    talk = agreed()
    talk.say("PIN 482913")
    assert talk.wanted(SetPin) == [SetPin("482913")]
    assert "482913" not in repr(talk.conversation)


@pytest.mark.parametrize("digits", ["111111", "121212", "123456", "987654", "123123", "890123"])
def test_what_anybody_tries_first_is_no_pin(digits: str) -> None:
    talk = agreed()

    talk.say(f"PIN {digits}")

    assert not talk.wanted(SetPin)
    assert "too easy" in talk.text
    talk.say("482913")
    assert talk.wanted(SetPin)


def test_a_pin_is_changed_by_who_knows_it() -> None:
    talk = agreed(has_pin=True)
    talk.say("PIN 739164")
    assert not talk.wanted(SetPin)
    assert "send your PIN" in talk.text
    talk.say("482913")
    assert talk.wanted(TryPin) == [TryPin("482913")]
    talk.give(PinRight(id="right"))
    assert "Which 6 digits" in talk.text

    talk.say("739164")

    assert talk.wanted(SetPin) == [SetPin("739164")]


def test_whoever_has_the_number_now_cannot_set_a_pin_to_get_in() -> None:
    talk = agreed(needs_step_up=True)

    for text in ("PIN", "PIN 482913"):
        talk.say(text)
        assert not talk.wanted(SetPin)
        assert talk.state is State.IDLE


READS_AND_CHANGES = [
    "LIST",
    "GET 12",
    "SEARCH sugar",
    "SHARE 12",
    "HISTORY",
    "EXPORT",
    "EDIT 12",
    "DELETE 12",
    "UNDO",
    "delete everything",
]


@pytest.mark.parametrize("text", READS_AND_CHANGES)
def test_nothing_that_was_kept_is_shown_or_changed_before_the_pin(text: str) -> None:
    talk = agreed(has_pin=True, needs_step_up=True)

    talk.say(text)

    assert talk.state is State.STEP_UP
    assert not [effect for effect in talk.effects if isinstance(effect, Answer | Open | Undo | Delete)]


@pytest.mark.parametrize("text", READS_AND_CHANGES)
def test_who_has_no_pin_is_told_whom_to_ask_and_sees_nothing(text: str) -> None:
    talk = agreed(needs_step_up=True, policy=Policy(keeper="Lakeside Hospital, Records"))

    talk.say(text)

    assert talk.state is State.IDLE
    assert "Please ask Lakeside Hospital, Records" in talk.text
    assert not [effect for effect in talk.effects if isinstance(effect, Answer | Open | Undo | Delete)]


@pytest.mark.parametrize("has_pin", [True, False])
def test_new_reports_are_saved_without_the_pin(has_pin: bool) -> None:
    talk = reviewing(has_pin=has_pin, needs_step_up=True)

    talk.tap("Save")

    assert talk.state is State.SAVING


def test_who_has_no_pin_may_stop_and_erases_nothing_at_once() -> None:
    talk = agreed(needs_step_up=True)
    talk.say("STOP")
    assert talk.wanted(WithdrawConsent)

    for title in ("Export", "Erase all"):
        talk.tap(title)
        assert "stay closed" in talk.text
        assert not [effect for effect in talk.effects if isinstance(effect, Answer | EraseEverything)]


def test_who_is_let_in_by_staff_chooses_a_pin() -> None:
    talk = agreed(needs_step_up=True)
    talk.give(LetIn(id="let in"), needs_step_up=False)

    talk.say("PIN 739164", needs_step_up=False)

    assert talk.wanted(SetPin) == [SetPin("739164")]


def test_what_was_asked_for_comes_after_the_pin() -> None:
    talk = asked_pin()
    talk.say("PIN 482913")
    assert talk.wanted(TryPin)

    talk.give(PinRight(id="right"), needs_step_up=False)

    assert talk.wanted(Answer) == [Answer(ListReports())]
    assert talk.state is State.IDLE


def test_a_right_pin_of_before_opens_nothing() -> None:
    talk = agreed()

    talk.give(PinRight(id="right"))

    assert talk.effects == ()


def test_digits_are_a_pin_only_where_one_is_asked_for() -> None:
    talk = agreed()

    talk.say("482913")

    assert not talk.wanted(TryPin)
    assert not talk.wanted(SetPin)


def test_another_command_takes_the_place_of_the_question() -> None:
    talk = asked_pin()

    talk.say("HELP")

    assert talk.state is State.IDLE
    assert "*LIST*" in talk.text


def test_whoever_has_the_number_now_is_not_asked_what_the_one_before_began() -> None:
    talk = asked_pin()

    talk.give(IdentityChanged(id="changed"))

    assert talk.state is State.IDLE


def test_a_pin_that_is_wrong_too_often_goes_back_to_the_card() -> None:
    talk = reviewing(has_pin=True, needs_step_up=True)
    talk.say("LIST")
    talk.say("111111")

    talk.give(PinWrong(id="wrong", blocked_until_ms=talk.now_ms + 60_000))

    assert "in 1 minute." in talk.text
    assert talk.state is State.REVIEW


def test_a_pin_is_nothing_for_strangers() -> None:
    talk = Talk()

    talk.say("PIN 482913")

    assert not talk.wanted(SetPin)
