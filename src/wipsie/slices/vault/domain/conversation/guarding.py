"""Their number, id or telephone changed: whoever goes on may be another person, until they show that they are not."""

from __future__ import annotations

from wipsie.slices.vault.domain.conversation.consenting import keeper_of
from wipsie.slices.vault.domain.conversation.conversation import PinPending
from wipsie.slices.vault.domain.conversation.events import IdentityChanged
from wipsie.slices.vault.domain.conversation.flow import after_question, close_draft, proceed
from wipsie.slices.vault.domain.conversation.timing import lapse_question
from wipsie.slices.vault.domain.conversation.turn import Turn


def identity_changed(turn: Turn, event: IdentityChanged) -> None:
    """A question about what cannot be taken back is off, and nothing that is open shows what the one before sent or kept."""
    turn.note("identity_changed")
    if turn.conversation.pending is not None:
        lapse_question(turn)
    if turn.facts.needs_step_up:
        if not event.is_same_account:
            _discard_unsaved(turn)
        _close_change(turn)


def let_in(turn: Turn) -> None:
    """Staff know that it is they. What they wanted meanwhile they ask for again: it may be a while ago."""
    turn.tell(turn.texts.let_in.format(keeper=keeper_of(turn.facts.policy, turn.texts)))
    if isinstance(turn.conversation.pending, PinPending):
        after_question(turn)
    else:
        turn.ask_if_open()


def _discard_unsaved(turn: Turn) -> None:
    conversation, draft = turn.conversation, turn.conversation.draft
    # What its owner said Save to is saved.
    is_kept = draft is None or draft.is_save_wanted
    drafted = () if draft is None or is_kept else draft.files
    files = (*drafted, *conversation.files)
    if not files:
        return
    turn.discard(files, "identity")
    turn.change(files=(), burst=None, offer=None, is_checking=False, is_told_checking=False)
    if draft is None:
        turn.change(until_ms=None)
    elif not is_kept:
        close_draft(turn)
    turn.tell(turn.texts.unsaved_discarded)


def _close_change(turn: Turn) -> None:
    # The card of a saved report that was to be changed. It stays as it was.
    draft = turn.conversation.draft
    if draft is not None and draft.edits is not None and not draft.is_save_wanted:
        close_draft(turn)
        turn.tell(turn.texts.cancelled_edit.format(number=draft.edits))
        proceed(turn)
