"""What follows when nothing comes: bursts end, questions lapse, drafts are put aside and later forgotten."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.conversation.effects import DiscardReason
from wipsie.slices.vault.domain.conversation.events import TimerEnded
from wipsie.slices.vault.domain.conversation.flow import HARD_MS, SOFT_MS, proceed, tell_refused, wait_for_late_files
from wipsie.slices.vault.domain.conversation.receiving import end_burst
from wipsie.slices.vault.domain.conversation.saving import retry
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import DAY_MS, Turn
from wipsie.slices.vault.domain.conversation.units import in_order


def ended(turn: Turn, event: TimerEnded) -> None:
    """The deadline is over; one that was moved since says nothing."""
    conversation, now_ms = turn.conversation, turn.facts.now_ms
    if conversation.deadline_ms != event.deadline_ms or now_ms < event.deadline_ms:
        return
    # A timer may be late: whatever else is over by now is over.
    if conversation.pending is not None and conversation.pending.until_ms <= now_ms:
        lapse_question(turn)
    if conversation.burst is not None and conversation.burst.until_ms <= now_ms:
        end_burst(turn)
    until_ms = conversation.until_ms
    # What has just begun has its time before it.
    if until_ms is not None and until_ms <= now_ms and turn.conversation.until_ms == until_ms:
        _end_state(turn)


def lapse_question(turn: Turn) -> None:
    """Too late to be sure that they still mean it."""
    turn.change(pending=None)
    proceed(turn)


def _end_state(turn: Turn) -> None:
    conversation, draft = turn.conversation, turn.conversation.draft
    if draft is not None:
        if draft.is_save_wanted:
            retry(turn)
        elif conversation.is_paused:
            _forget(turn, "expired")
        elif draft.stage is State.CHECKING:
            _unlock_later(turn)
        else:
            turn.change(is_paused=True, until_ms=turn.facts.now_ms + DAY_MS)
            turn.ask()
    elif conversation.is_checking:
        _still_checking(turn)
    elif conversation.files:
        _forget(turn, "expired")
    else:
        turn.change(until_ms=None)


def _still_checking(turn: Turn) -> None:
    if not turn.conversation.is_told_checking:
        turn.change(is_told_checking=True, until_ms=turn.facts.now_ms + HARD_MS - SOFT_MS)
        turn.tell(turn.texts.still_working)
        return
    tell_refused(turn)
    turn.tell(turn.texts.takes_long)
    wait_for_late_files(turn)


def _unlock_later(turn: Turn) -> None:
    # Its password is gone: they are asked again when it can be tried.
    file = msgspec.structs.replace(turn.draft.files[0], outcome=None)
    files = in_order((file, *turn.conversation.files))
    turn.change(draft=None, files=files, until_ms=None)
    turn.tell(turn.texts.takes_long)
    proceed(turn)
    if turn.conversation.draft is None:
        wait_for_late_files(turn)


def _forget(turn: Turn, reason: DiscardReason) -> None:
    conversation = turn.conversation
    drafted = () if conversation.draft is None else conversation.draft.files
    files = (*drafted, *conversation.files)
    turn.discard(files, reason)
    turn.note("expired", len(files))
    turn.change(draft=None, is_paused=False, files=(), burst=None, offer=None, until_ms=None)
