"""Choices of a draft, tapped or typed: what each does, and whether it is offered where the draft stands."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.catalogue.report_types import REPORT_TYPES
from wipsie.slices.vault.domain.conversation.commanding import cancel, cancel_draft
from wipsie.slices.vault.domain.conversation.confirming import guarded
from wipsie.slices.vault.domain.conversation.details import ASKED
from wipsie.slices.vault.domain.conversation.effects import Answer, GetReport
from wipsie.slices.vault.domain.conversation.flow import (
    ask_for,
    ask_next,
    check_duplicate,
    close_draft,
    proceed,
    resume,
    settle,
    to_stage,
)
from wipsie.slices.vault.domain.conversation.outcomes import Ready
from wipsie.slices.vault.domain.conversation.prompts import SLOTS
from wipsie.slices.vault.domain.conversation.saving import save
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import Turn
from wipsie.slices.vault.domain.conversation.units import in_order
from wipsie.slices.vault.domain.dates import PartialDate


def act(turn: Turn, action: str) -> bool:
    """What was chosen of the draft, on its present version; False for what it does not offer where it stands."""
    verb, _, value = action.partition(":")
    if not turn.conversation.is_paused:
        return _act(turn, verb, value)
    if verb == "resume":
        resume(turn)
    elif verb == "discard":
        cancel_draft(turn)
    elif turn.draft.is_save_wanted:
        # It is saved as soon as that can be done; until then there is nothing else to choose.
        return False
    else:
        # A choice of the card itself, which is still the right one: they go on by it.
        turn.change(is_paused=False)
        is_taken = _act(turn, verb, value)
        if not is_taken:
            turn.change(is_paused=True)
        return is_taken
    return True


def _act(turn: Turn, verb: str, value: str) -> bool:
    match turn.draft.stage:
        case State.GROUPING if verb in ("one", "separate"):
            _group(turn, is_one=verb == "one")
        case State.DUPLICATE if verb in ("show", "keep_both", "discard"):
            _decide_duplicate(turn, verb)
        case State.ASK_DATE | State.ASK_HOSPITAL | State.ASK_TYPE | State.REVIEW:
            return _fill(turn, verb, value)
        case State.SAVING if verb == "save":
            # Tapped twice.
            turn.tell(turn.texts.being_saved)
        case _:
            return False
    return True


def _group(turn: Turn, *, is_one: bool) -> None:
    draft = turn.draft
    if is_one:
        turn.change_draft(version=draft.version + 1)
        check_duplicate(turn)
        return
    alone = tuple(msgspec.structs.replace(file, is_alone=True) for file in draft.files)
    close_draft(turn)
    turn.change(files=in_order((*alone, *turn.conversation.files)))
    proceed(turn)


def _decide_duplicate(turn: Turn, verb: str) -> None:
    draft = turn.draft
    if verb == "show":
        outcome = draft.files[0].outcome
        if isinstance(outcome, Ready) and outcome.duplicate_of is not None:
            guarded(turn, Answer(GetReport(number=outcome.duplicate_of.number)))
    elif verb == "keep_both":
        turn.change_draft(version=draft.version + 1)
        ask_next(turn)
    else:
        turn.discard(draft.files, "duplicate")
        close_draft(turn)
        proceed(turn)
        turn.tell_first(turn.texts.cancelled)


def _fill(turn: Turn, verb: str, value: str) -> bool:
    """Choices of the questions and of the card. They are good on one another's: the version says that nothing changed since."""
    draft = turn.draft
    match verb:
        case "save" if all(slot in draft.settled for slot in ASKED):
            save(turn)
        case "change" if not value:
            to_stage(turn, State.REVIEW, asking="change")
        case "change" if value in SLOTS:
            ask_for(turn, next(slot for slot in SLOTS if slot == value))
        case "cancel":
            cancel(turn)
        case "date":
            return _take_chosen_date(turn, value)
        case "today":
            settle(turn, "date", PartialDate.of(turn.facts.today))
        case "skip_date":
            settle(turn, "date", None)
        case "hospital":
            position = int(value) if value.isascii() and value.isdigit() and len(value) < 3 else len(draft.hospitals)
            if position >= len(draft.hospitals):
                return False
            settle(turn, "hospital", draft.hospitals[position])
        case "meant" if draft.meant is not None:
            settle(turn, "hospital", draft.meant.known)
        case "as_typed" if draft.meant is not None:
            settle(turn, "hospital", draft.meant.typed)
        case "skip_hospital":
            settle(turn, "hospital", None)
        case "type":
            kind = next((one for one in REPORT_TYPES if one == value), None)
            if kind is None:
                return False
            settle(turn, "type", kind)
        case "no_person":
            settle(turn, "person", None)
        case "no_note":
            settle(turn, "note", None)
        case _:
            return False
    return True


def _take_chosen_date(turn: Turn, iso: str) -> bool:
    try:
        date = PartialDate.from_iso(iso)
    except ValueError:
        return False
    settle(turn, "date", date)
    return True
