"""From a stranger to a saved report, in as few messages as there can be."""

from __future__ import annotations

from talk import THIRD, Talk, agreed

from wipsie.slices.vault.domain.conversation import Saved, State
from wipsie.slices.vault.domain.conversation.effects import Acknowledge, Check, GiveConsent, Save, Say
from wipsie.slices.vault.domain.whatsapp.outgoing import ButtonsMessage


def test_a_stranger_agrees_before_their_file_is_opened() -> None:
    talk = Talk()

    talk.send()

    assert talk.state == State.NEW
    assert not talk.wanted(Check)
    assert talk.titles() == ["I agree", "Not now", "Privacy"]

    talk.tap("I agree")

    assert [type(effect) for effect in talk.effects] == [GiveConsent, Check, Say]
    assert talk.wanted(Check)[0].file_ids == ("file1",)
    assert talk.state == State.CHECKING

    talk.check()

    assert talk.state == State.REVIEW


def test_a_report_takes_one_file_one_tap_and_two_messages() -> None:
    talk = agreed()
    before = len(talk.messages(of_all=True))

    talk.send()
    assert [type(effect) for effect in talk.effects] == [Acknowledge, Check]
    talk.check()
    assert not talk.effects
    talk.wait()

    (card,) = talk.messages()
    assert isinstance(card, ButtonsMessage)
    assert card.body == "3 Nov 2025 · Lakeside Hospital · Blood test"
    assert card.footer == "CANCEL to stop"
    assert talk.titles() == ["Save", "Change", "Cancel"]

    talk.tap("Save")
    (save,) = talk.wanted(Save)
    assert (save.details.date, save.details.hospital, save.details.type) == (THIRD, "Lakeside Hospital", "blood_test")
    assert save.file_ids == ("file1",)
    talk.give(Saved(id="saved", draft_id=save.draft_id, number=12))

    assert talk.text == "Saved as report 12."
    assert talk.state == State.IDLE
    assert talk.conversation.deadline_ms is None
    assert len(talk.messages(of_all=True)) - before == 2
