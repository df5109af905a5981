"""Answers cost money and patience: limits are told once, hints now and then, and nobody is answered too late."""

from __future__ import annotations

from talk import Talk, agreed, reviewing

from wipsie.slices.vault.domain.conversation import ChoiceTapped, NotAccepted, Policy, State
from wipsie.slices.vault.domain.conversation.effects import Answer, Check, Discard, Note, Save, WithdrawConsent

OLD_MS = 31 * 60 * 1000


def test_the_31st_file_of_an_hour_is_told_of_the_32nd_is_not() -> None:
    talk = agreed()
    for number in range(1, 31):
        talk.send(f"file{number}")
        assert talk.wanted(Check)
        talk.check(f"file{number}")
        talk.wait()
        talk.say("CANCEL")

    talk.send("file31")
    assert "30 files within an hour" in talk.text
    assert talk.wanted(Discard) == [Discard(file_ids=("file31",), reason="limit")]
    talk.send("file32")
    assert talk.text == ""
    assert talk.wanted(Discard) == [Discard(file_ids=("file32",), reason="limit")]

    talk.pass_s(3600)
    talk.send("file33")
    assert talk.wanted(Check)


def test_the_61st_command_of_an_hour_is_told_of_and_stop_is_heard_all_the_same() -> None:
    talk = agreed()
    for _ in range(60):
        talk.say("LIST")
        assert talk.wanted(Answer)

    talk.say("LIST")
    assert "many messages" in talk.text
    talk.say("LIST")
    assert talk.effects == ()
    talk.say("STOP")
    assert talk.wanted(WithdrawConsent)


def test_thirty_reports_of_an_hour_can_all_be_answered_for() -> None:
    talk = reviewing(policy=Policy(commands_per_hour=10, files_per_hour=5))
    for number in range(25):
        talk.say(f"note {number}")
        assert f"Note: {number}" in talk.text

    for _ in range(10):
        talk.say("note again")
    assert talk.text == ""


def test_a_full_vault_is_told_once_an_hour() -> None:
    talk = agreed()

    talk.send("file1", quota_ok=False)
    assert "vault is full" in talk.text
    talk.send("file2", quota_ok=False)
    assert talk.text == ""
    assert talk.wanted(Discard)[0].reason == "quota"
    assert talk.state is State.IDLE


def test_a_tap_that_was_held_back_is_not_taken() -> None:
    talk = reviewing()

    talk.tap("Save", sent_at_ms=talk.now_ms - OLD_MS)

    assert not talk.wanted(Save)
    assert "send it again" in talk.text
    assert talk.wanted(Note)[0].action == "late_event"
    talk.tap("Save", sent_at_ms=talk.now_ms - OLD_MS)
    assert talk.text == ""


def test_a_late_command_is_not_answered_when_the_window_is_closed() -> None:
    talk = agreed()

    talk.say("LIST", sent_at_ms=talk.now_ms - 2 * 86_400_000, window_open=False)

    assert [type(effect) for effect in talk.effects] == [Note]


def test_a_file_is_taken_however_late_it_arrives() -> None:
    talk = agreed()

    talk.send("file1", sent_at_ms=talk.now_ms - 6 * 86_400_000)

    assert talk.wanted(Check)


def test_a_late_file_whose_owner_cannot_be_told_is_kept_for_a_week() -> None:
    talk = agreed(window_open=False)
    talk.send("file1", sent_at_ms=talk.now_ms - 2 * 86_400_000)
    talk.check("file1")

    talk.wait()

    assert talk.state is State.PAUSED
    assert talk.text == ""
    assert talk.conversation.deadline_ms == talk.now_ms + 7 * 86_400_000
    talk.say("hello", window_open=True)
    assert "Shall we go on?" in talk.text


def test_a_hint_of_what_is_kept_comes_once_an_hour() -> None:
    talk = agreed()
    said = 0
    for _ in range(10):
        talk.give(NotAccepted(id=talk.new_id(), kind="sticker"))
        said += len(talk.messages())
        talk.pass_s(300)

    assert said == 1
    talk.pass_s(3600)
    talk.give(NotAccepted(id=talk.new_id(), kind="sticker"))
    assert talk.messages()


def test_words_while_a_file_is_read_are_answered_once_a_minute() -> None:
    talk = agreed()
    talk.send()

    talk.say("is it there?")
    assert "still reading" in talk.text
    talk.say("hello??")
    assert talk.text == ""


def test_what_is_understood_ends_the_count_of_what_is_not() -> None:
    talk = agreed()
    talk.say("hm")
    talk.say("LIST")

    talk.say("hm")

    assert "did not understand" in talk.text


def test_a_number_alone_opens_the_report() -> None:
    talk = agreed()

    talk.say("१२")

    (answer,) = talk.wanted(Answer)
    assert getattr(answer.query, "number", None) == 12


def test_an_id_that_is_none_of_ours_is_out_of_date() -> None:
    for choice in (
        "s:7f3a:save",
        "c:get:0",
        "c:list:x::",
        "c:lang:xx",
        "d:a:1:save",
        "",
        "🙂",
        "c:erase:1",
        "a:agree:x",
    ):
        talk = Talk()
        talk.conversation = agreed().conversation
        talk.give(ChoiceTapped(id="x", choice=choice))
        assert "out of date" in talk.text
