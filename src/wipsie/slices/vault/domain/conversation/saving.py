"""Saving a draft, which they asked for, until it is done."""

from __future__ import annotations

from typing import Final

import msgspec

from wipsie.slices.vault.domain.conversation.conversation import LastSaved
from wipsie.slices.vault.domain.conversation.effects import Alarm, Save
from wipsie.slices.vault.domain.conversation.events import Saved, SaveFailed
from wipsie.slices.vault.domain.conversation.flow import close_draft, proceed
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import DAY_MS, HOUR_MS, MINUTE_MS, Turn

TRIES_MAX: Final = 3
"""Then they are told that it takes longer, and the operator that something is wrong."""
LATER_TRIES_MAX: Final = 168
"""One an hour for a week; then it is put aside like any other."""
_RETRY_MS: Final = 2 * MINUTE_MS


def save(turn: Turn) -> None:
    """They said Save, on a card that shows what is saved."""
    turn.change_draft(stage=State.SAVING, asking=None, is_save_wanted=True, tries=0, dates=(), meant=None)
    turn.change(is_paused=False)
    _try(turn, _RETRY_MS)


def saved(turn: Turn, event: Saved) -> None:
    """It is a report now."""
    draft, texts = turn.conversation.draft, turn.texts
    if draft is None or draft.id != event.draft_id or not draft.is_save_wanted:
        return
    turn.change(last_saved=LastSaved(draft.id, event.number))
    close_draft(turn)
    proceed(turn)
    if draft.edits is not None:
        done = texts.changed.format(number=event.number)
    elif turn.conversation.draft is not None:
        done = texts.saved_next.format(number=event.number)
    else:
        done = texts.saved.format(number=event.number)
        if turn.facts.first_save:
            done = f"{done} {texts.first_hint}"
    turn.tell_first(done)


def save_failed(turn: Turn, event: SaveFailed) -> None:
    """Not this time; the timer tries again."""
    draft = turn.conversation.draft
    is_mine = draft is not None and draft.id == event.draft_id and draft.is_save_wanted
    if is_mine and not turn.conversation.is_paused and turn.draft.tries >= TRIES_MAX:
        _put_aside(turn)


def retry(turn: Turn) -> None:
    """It failed a while ago, or nothing was heard of it."""
    tries = turn.draft.tries
    if not turn.conversation.is_paused:
        if tries >= TRIES_MAX:
            _put_aside(turn)
        else:
            _try(turn, _RETRY_MS)
    elif tries < TRIES_MAX + LATER_TRIES_MAX:
        _try(turn, HOUR_MS)
    else:
        turn.do(Alarm("save_failed"))
        given_up = msgspec.structs.replace(turn.draft, is_save_wanted=False, stage=State.REVIEW)
        turn.change(draft=given_up, until_ms=turn.facts.now_ms + DAY_MS)


def _try(turn: Turn, again_ms: int) -> None:
    draft = msgspec.structs.replace(turn.draft, tries=turn.draft.tries + 1)
    turn.do(
        Save(
            draft_id=draft.id,
            details=draft.details,
            file_ids=tuple(file.id for file in draft.files),
            edits=draft.edits,
            edits_version=draft.edits_version,
        )
    )
    turn.change(draft=draft, until_ms=turn.facts.now_ms + again_ms)


def _put_aside(turn: Turn) -> None:
    turn.do(Alarm("save_failed"))
    turn.note("save_failed", turn.draft.tries)
    turn.tell(turn.texts.save_failed)
    turn.change(is_paused=True, until_ms=turn.facts.now_ms + HOUR_MS)
