"""Questions that stand on top of whatever is open: really delete, really erase everything, the PIN."""

from __future__ import annotations

import re
from itertools import pairwise

from wipsie.slices.vault.domain.catalogue import counted, date_text
from wipsie.slices.vault.domain.commands.command import UndoCommand
from wipsie.slices.vault.domain.conversation.choices import command_choice
from wipsie.slices.vault.domain.conversation.consenting import emptied, keeper_of
from wipsie.slices.vault.domain.conversation.conversation import (
    DeletePending,
    ErasePending,
    NewPinPending,
    PinPending,
    Wanted,
    WantErase,
    WantNewPin,
)
from wipsie.slices.vault.domain.conversation.details import ReportSummary
from wipsie.slices.vault.domain.conversation.effects import Acknowledge, Answer, Delete, EraseEverything, SetPin, TryPin
from wipsie.slices.vault.domain.conversation.events import Deleted, PinWrong
from wipsie.slices.vault.domain.conversation.flow import after_question
from wipsie.slices.vault.domain.conversation.turn import CONFIRM_MS, MINUTE_MS, Turn
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.whatsapp.outgoing import Button, ButtonsMessage
from wipsie.slices.vault.domain.words import folded

PIN_DIGITS = 6
_DIGITS = re.compile(r"[0-9]+")


def guarded(turn: Turn, wanted: Wanted) -> None:
    """Do this, after the PIN where that is needed: their number changed, and whoever has it now may be somebody else."""
    if not turn.facts.needs_step_up:
        carry_out(turn, wanted)
    elif turn.facts.has_pin:
        turn.note("step_up_wanted")
        _ask_pin(turn, wanted)
    else:
        turn.note("step_up_wanted")
        turn.tell(turn.texts.pin_missing.format(keeper=keeper_of(turn.facts.policy, turn.texts)))
        turn.ask_if_open()


def carry_out(turn: Turn, wanted: Wanted) -> None:
    """What they may have."""
    match wanted:
        case WantErase():
            turn.wait_for(ErasePending(id=turn.facts.new_id, until_ms=_until(turn)))
        case WantNewPin():
            turn.wait_for(NewPinPending(id=turn.facts.new_id, until_ms=_until(turn)))
        case Answer():
            turn.do(wanted)
            turn.ask_if_open()
        case _:
            # Their results say what follows.
            turn.do(wanted)


def change_pin(turn: Turn, digits: str | None) -> None:
    """PIN, alone or with the digits they want."""
    if turn.facts.has_pin:
        _ask_pin(turn, WantNewPin())
    elif turn.facts.needs_step_up:
        guarded(turn, WantNewPin())
    elif digits is None:
        carry_out(turn, WantNewPin())
    else:
        _take_new_pin(turn, digits)


def ask_to_delete(turn: Turn, report: ReportSummary) -> None:
    """Show which one it is."""
    turn.wait_for(DeletePending(id=turn.facts.new_id, until_ms=_until(turn), report=report))


def chosen(turn: Turn, action: str) -> bool:
    """A choice of the question on top; False for what it does not offer."""
    match turn.conversation.pending, action:
        case DeletePending(report=report), "delete":
            turn.do(Delete(number=report.number))
            # What is open is asked again when the report is gone.
            turn.change(pending=None)
        case ErasePending(), "erase":
            turn.change(pending=None)
            drafted = () if turn.conversation.draft is None else turn.conversation.draft.files
            turn.discard((*drafted, *turn.conversation.files), "stopped")
            turn.do(EraseEverything())
            turn.conversation = emptied(turn.conversation, stopped_at_ms=turn.conversation.stopped_at_ms)
        case ((DeletePending() | ErasePending()), "keep"):
            turn.tell(turn.texts.kept)
            after_question(turn)
        case _:
            return False
    return True


def deleted(turn: Turn, event: Deleted) -> None:
    """It is hidden."""
    day = date_text(PartialDate.of(turn.facts.day_of(event.until_ms)), turn.conversation.language)
    body = turn.texts.deleted.format(number=event.number, day=day)
    button = Button(command_choice(UndoCommand(number=event.number)), turn.texts.undo)
    turn.send(ButtonsMessage(body=body, buttons=(button,)))
    after_question(turn)


def typed_pin(turn: Turn, text: str) -> bool:
    """Digits where a PIN is wanted; False when there are none."""
    digits = folded(text).replace(" ", "").replace("-", "")
    if not _DIGITS.fullmatch(digits):
        return False
    if len(digits) != PIN_DIGITS:
        turn.ask(instead=turn.texts.pin_form)
    elif isinstance(turn.conversation.pending, NewPinPending):
        _take_new_pin(turn, digits)
    else:
        turn.do(Acknowledge(message_id=turn.event.id))
        turn.do(TryPin(digits))
    return True


def pin_right(turn: Turn) -> None:
    """It is they."""
    pending = turn.conversation.pending
    if isinstance(pending, PinPending):
        turn.change(pending=None)
        carry_out(turn, pending.then)
        if turn.conversation.pending is None and turn.conversation.draft is None:
            after_question(turn)


def pin_wrong(turn: Turn, event: PinWrong) -> None:
    """It is somebody else, or a slip."""
    if not isinstance(turn.conversation.pending, PinPending):
        return
    wait_ms = event.blocked_until_ms - turn.facts.now_ms
    if wait_ms > 0:
        turn.tell(counted(turn.texts.pin_blocked, -(-wait_ms // MINUTE_MS)))
        after_question(turn)
    else:
        turn.ask(instead=counted(turn.texts.pin_wrong, event.tries_left))


def pin_set(turn: Turn) -> None:
    """The new one holds."""
    turn.tell(turn.texts.pin_set)
    after_question(turn)


def _ask_pin(turn: Turn, wanted: Wanted) -> None:
    turn.wait_for(PinPending(id=turn.facts.new_id, until_ms=_until(turn), then=wanted))


def _take_new_pin(turn: Turn, digits: str) -> None:
    if len(digits) != PIN_DIGITS:
        turn.wait_for(NewPinPending(id=turn.facts.new_id, until_ms=_until(turn)))
        turn.ask(instead=turn.texts.pin_form)
    elif _is_easy(digits):
        turn.wait_for(NewPinPending(id=turn.facts.new_id, until_ms=_until(turn)))
        turn.ask(instead=turn.texts.pin_weak)
    else:
        turn.change(pending=None)
        turn.do(SetPin(digits))


def _is_easy(digits: str) -> bool:
    # 111111, 121212, 123456, 987654, 123123: what anybody tries first.
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return len(set(digits)) <= 2 or steps in ({1}, {9}) or digits[:3] == digits[3:]


def _until(turn: Turn) -> int:
    return turn.facts.now_ms + CONFIRM_MS
