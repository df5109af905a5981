"""What comes next, once something is done: the next question of a draft, the next file that waits, or nothing."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from wipsie.slices.vault.domain.conversation.conversation import Draft, HeldFile
from wipsie.slices.vault.domain.conversation.details import ASKED, SlotName
from wipsie.slices.vault.domain.conversation.drafts import draft_of
from wipsie.slices.vault.domain.conversation.outcomes import Delayed, Locked, Ready, Refused
from wipsie.slices.vault.domain.conversation.refusals import refusal_text
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import DAY_MS, HOUR_MS, MINUTE_MS, OPEN_MS, SECOND_MS, Turn
from wipsie.slices.vault.domain.conversation.units import units

SOFT_MS: Final = 20 * SECOND_MS
"""After this they are told that files are still being read."""
HARD_MS: Final = 10 * MINUTE_MS
"""After this they are not kept waiting."""
_ASKING: dict[SlotName, State] = {"date": State.ASK_DATE, "hospital": State.ASK_HOSPITAL, "type": State.ASK_TYPE}


def proceed(turn: Turn) -> None:
    """Take the next report of those that wait, unless something else is open. Files of which nobody knows yet what becomes of them
    hold up nobody but themselves."""
    conversation = turn.conversation
    if (
        conversation.draft is not None
        or conversation.pending is not None
        or conversation.burst is not None
        or conversation.offer is not None
        or conversation.consent_version is None
    ):
        return
    ready = (kept for kept in map(_kept, units(conversation.files)) if kept and not _is_pending(kept))
    unit = next(ready, None)
    if unit is None and _is_pending(conversation.files):
        _wait(turn)
        return
    tell_refused(turn)
    turn.change(is_checking=False, is_told_checking=False, until_ms=None)
    if unit is not None:
        _open(turn, unit)


def tell_refused(turn: Turn) -> None:
    """Say why files are not kept, and what to do."""
    refused = [file for file in turn.conversation.files if isinstance(file.outcome, Refused)]
    if not refused:
        return
    for file in refused:
        turn.tell(refusal_text(file, turn.texts, turn.facts.policy.file_bytes_max))
    turn.discard(refused, "refused")
    turn.change(files=tuple(file for file in turn.conversation.files if file not in refused))


def tell_delayed(turn: Turn) -> None:
    """Say that files cannot be checked now, once an hour."""
    # Who is in the middle of another report need not know.
    if turn.conversation.state is State.CHECKING and turn.hint_is_due("delayed", HOUR_MS):
        turn.tell(turn.texts.delayed)


def settle(turn: Turn, slot: SlotName, value: object) -> None:
    """This is what they say; ask for the next thing that is missing."""
    draft = turn.draft
    turn.change_draft(
        details=msgspec.structs.replace(draft.details, **{slot: value}),
        settled=tuple(dict.fromkeys((*draft.settled, slot))),
        version=draft.version + 1,
    )
    ask_next(turn)


def ask_next(turn: Turn, quote: str | None = None) -> None:
    """The first slot that is missing, or the card."""
    missing: SlotName | None = next((slot for slot in ASKED if slot not in turn.draft.settled), None)
    to_stage(turn, State.REVIEW if missing is None else _ASKING[missing], quote)


def ask_for(turn: Turn, slot: SlotName) -> None:
    """Ask for this slot, because they want to change it."""
    stage = _ASKING.get(slot)
    if stage is None:
        to_stage(turn, State.REVIEW)
        turn.change_draft(asking=slot)
    else:
        to_stage(turn, stage)


def to_stage(turn: Turn, stage: State, quote: str | None = None, **fields: Any) -> None:
    """Go on there, and ask what is asked there."""
    turn.change_draft(**{"stage": stage, "asking": None, "tries": 0, "dates": (), "meant": None} | fields)
    turn.ask(quote=quote)


def keep_open(turn: Turn) -> None:
    """They are here: what they are asked has its time again."""
    draft, conversation = turn.conversation.draft, turn.conversation
    if draft is not None and not conversation.is_paused and draft.stage not in (State.SAVING, State.CHECKING):
        turn.change(until_ms=turn.facts.now_ms + OPEN_MS)


def close_draft(turn: Turn) -> None:
    """The draft is done with, one way or the other."""
    turn.change(draft=None, is_paused=False, until_ms=None)


def start_draft(turn: Turn, draft: Draft, quote: str | None = None) -> None:
    """Talk about this one from now on."""
    turn.change(draft=draft, is_paused=False, until_ms=turn.facts.now_ms + OPEN_MS)
    turn.ask(quote=quote)


def after_question(turn: Turn) -> None:
    """What was put on top is answered: back to what was open, or on to what waited."""
    turn.change(pending=None)
    if turn.conversation.draft is not None:
        turn.ask()
    else:
        proceed(turn)


def resume(turn: Turn) -> None:
    """Go on with the draft that was put aside."""
    stage = State.REVIEW if turn.draft.stage is State.SAVING else turn.draft.stage
    turn.change(is_paused=False)
    turn.change_draft(stage=stage, is_save_wanted=False)
    turn.ask()


def _kept(unit: tuple[HeldFile, ...]) -> tuple[HeldFile, ...]:
    return tuple(file for file in unit if not isinstance(file.outcome, Refused))


def _is_pending(files: tuple[HeldFile, ...]) -> bool:
    return any(file.is_pending for file in files)


def _wait(turn: Turn) -> None:
    if not turn.conversation.is_checking:
        turn.change(is_checking=True, is_told_checking=False, until_ms=turn.facts.now_ms + SOFT_MS)
    # Perhaps since before all files were there.
    if any(isinstance(file.outcome, Delayed) for file in turn.conversation.files):
        tell_delayed(turn)


def _open(turn: Turn, unit: tuple[HeldFile, ...]) -> None:
    first = unit[0]
    turn.change(files=tuple(file for file in turn.conversation.files if file not in unit))
    stage = State.REVIEW
    if isinstance(first.outcome, Locked):
        stage = State.PASSWORD
    elif len(unit) > 1:
        stage = State.GROUPING
    draft = draft_of(turn.facts.new_id, stage, unit, turn.facts.known_hospitals)
    start_draft(turn, draft, quote=first.message_id)
    if stage is State.REVIEW:
        check_duplicate(turn)


def check_duplicate(turn: Turn) -> None:
    """Ask whether to keep what was saved before, or go on to the details: whoever may be somebody else is not told what was saved."""
    quote = turn.draft.files[0].message_id
    outcomes = [file.outcome for file in turn.draft.files]
    is_known = all(isinstance(one, Ready) and one.duplicate_of is not None for one in outcomes)
    if is_known and not turn.facts.needs_step_up:
        to_stage(turn, State.DUPLICATE, quote)
    else:
        ask_next(turn, quote)


def wait_for_late_files(turn: Turn) -> None:
    """Nobody waits any more for what becomes of the files, but they are kept for a day."""
    turn.change(
        is_checking=False,
        is_told_checking=False,
        until_ms=turn.facts.now_ms + DAY_MS if turn.conversation.files else None,
    )
