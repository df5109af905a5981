"""What became of files, whenever it is known: while they arrive, while they are waited for, or long after."""

from __future__ import annotations

from typing import Final

import msgspec

from wipsie.slices.vault.domain.conversation.conversation import HeldFile
from wipsie.slices.vault.domain.conversation.drafts import draft_of
from wipsie.slices.vault.domain.conversation.events import FileChecked
from wipsie.slices.vault.domain.conversation.flow import check_duplicate, close_draft, proceed, tell_delayed, to_stage
from wipsie.slices.vault.domain.conversation.outcomes import Delayed, Locked, Outcome, Ready, Refused, WrongPassword
from wipsie.slices.vault.domain.conversation.refusals import name_of, refusal_text
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import Turn

PASSWORDS_MAX: Final = 3


def checked(turn: Turn, event: FileChecked) -> None:
    """The outcome for one file; for one that is not here any more, nothing."""
    conversation = turn.conversation
    draft = conversation.draft
    # The change of a saved report has none.
    file = None if draft is None else next(iter(draft.files), None)
    if draft is not None and file is not None and file.id == event.file_id and _is_awaited(draft.stage, event.outcome):
        _unlocked(turn, file, event.outcome)
    elif any(file.id == event.file_id and file.is_pending for file in conversation.files):
        turn.change(files=tuple(_with_outcome(file, event) for file in conversation.files))
        proceed(turn)


def _is_awaited(stage: State, outcome: Outcome) -> bool:
    # The answer to a password may come after that of an older one, which asked for the next: open is open.
    return stage is State.CHECKING or (stage is State.PASSWORD and isinstance(outcome, Ready | Refused))


def _with_outcome(file: HeldFile, event: FileChecked) -> HeldFile:
    if file.id != event.file_id:
        return file
    outcome = event.outcome
    if isinstance(outcome, Locked | WrongPassword):
        # Only documents have passwords; one whose password is gone is asked for it again.
        outcome = Locked() if file.kind == "document" else Refused("damaged")
    return msgspec.structs.replace(file, outcome=outcome)


def _unlocked(turn: Turn, file: HeldFile, outcome: Outcome) -> None:
    draft = turn.draft
    match outcome:
        case Ready():
            opened = (msgspec.structs.replace(file, outcome=outcome),)
            again = draft_of(draft.id, State.REVIEW, opened, turn.facts.known_hospitals)
            turn.change(draft=msgspec.structs.replace(again, version=draft.version + 1))
            check_duplicate(turn)
        case Locked() | WrongPassword() if draft.tries + 1 < PASSWORDS_MAX:
            to_stage(turn, State.PASSWORD, tries=draft.tries + 1)
            turn.ask(instead=turn.texts.locked_wrong)
        case Locked() | WrongPassword():
            turn.tell(turn.texts.locked_failed.format(file=name_of(file, turn.texts)))
            _give_up(turn, file)
        case Refused():
            refused = msgspec.structs.replace(file, outcome=outcome)
            turn.tell(refusal_text(refused, turn.texts, turn.facts.policy.file_bytes_max))
            _give_up(turn, file)
        case Delayed():
            tell_delayed(turn)


def _give_up(turn: Turn, file: HeldFile) -> None:
    turn.discard((file,), "password")
    close_draft(turn)
    proceed(turn)
