"""One event, one step: the conversation afterwards, and what is to be done."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.conversation import confirming, consenting, guarding, saving
from wipsie.slices.vault.domain.conversation.checking import checked
from wipsie.slices.vault.domain.conversation.conversation import (
    SEEN_MAX,
    Conversation,
    Draft,
    mark_of,
)
from wipsie.slices.vault.domain.conversation.details import ASKED
from wipsie.slices.vault.domain.conversation.effects import Effect
from wipsie.slices.vault.domain.conversation.events import (
    ChoiceTapped,
    Deleted,
    Erased,
    Event,
    Exported,
    ExportFailed,
    FileChecked,
    FileSent,
    IdentityChanged,
    Ignored,
    LetIn,
    NotAccepted,
    PinRight,
    PinSet,
    PinWrong,
    ReportNotThere,
    ReportOpened,
    Restored,
    Saved,
    SaveFailed,
    TextTyped,
    TimerEnded,
)
from wipsie.slices.vault.domain.conversation.facts import Facts
from wipsie.slices.vault.domain.conversation.flow import (
    after_question,
    start_draft,
    wait_for_late_files,
)
from wipsie.slices.vault.domain.conversation.hearing import hear
from wipsie.slices.vault.domain.conversation.receiving import receive, refuse_kind
from wipsie.slices.vault.domain.conversation.rendering.links import export_ready
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.timing import ended
from wipsie.slices.vault.domain.conversation.turn import HOUR_MS, Turn


class Step(msgspec.Struct, frozen=True):
    """What came of an event."""

    conversation: Conversation
    effects: tuple[Effect, ...] = ()


def step(conversation: Conversation, event: Event, facts: Facts) -> Step:
    """Take one step. Every event has a result in every state; one that was seen before changes nothing."""
    mark = mark_of(event.id)
    if mark in conversation.seen:
        return Step(conversation)
    turn = Turn(conversation, event, facts)
    turn.change(seen=(*conversation.seen, mark)[-SEEN_MAX:])
    _take(turn, event)
    effects = turn.effects()
    if turn.conversation.files and turn.conversation.deadline_ms is None:
        # Until the result of an effect is here, nothing is open; files are never kept without an end.
        wait_for_late_files(turn)
    return Step(turn.conversation, effects)


def _take(turn: Turn, event: Event) -> None:
    match event:
        case TextTyped() | ChoiceTapped():
            hear(turn, event)
        case FileSent():
            receive(turn, event)
        case NotAccepted():
            refuse_kind(turn, event)
        case Ignored():
            pass
        case IdentityChanged():
            guarding.identity_changed(turn, event)
        case TimerEnded():
            ended(turn, event)
        case FileChecked():
            checked(turn, event)
        case Saved():
            saving.saved(turn, event)
        case SaveFailed():
            saving.save_failed(turn, event)
        case ReportOpened():
            _opened(turn, event)
        case ReportNotThere():
            turn.tell(turn.texts.not_there.format(number=event.number))
            after_question(turn)
        case Deleted():
            confirming.deleted(turn, event)
        case Restored():
            restored = turn.texts.nothing_to_undo
            if event.number is not None:
                restored = turn.texts.restored.format(number=event.number)
            turn.tell(restored)
            turn.ask_if_open()
        case Erased():
            consenting.say_erased(turn)
        case PinRight():
            confirming.pin_right(turn)
        case PinWrong():
            confirming.pin_wrong(turn, event)
        case PinSet():
            confirming.pin_set(turn)
        case LetIn():
            guarding.let_in(turn)
        case Exported():
            hours = max((event.until_ms - turn.facts.now_ms) // HOUR_MS, 1)
            ready = export_ready(event.url, turn.conversation.language, reports=event.reports, hours=hours)
            turn.send(ready, is_sensitive=True)
        case ExportFailed():
            turn.tell(turn.texts.export_failed)


def _opened(turn: Turn, event: ReportOpened) -> None:
    report = event.report
    if not consenting.agrees(turn.conversation, turn.facts):
        return
    if event.purpose == "delete":
        confirming.ask_to_delete(turn, report)
        return
    if turn.conversation.draft is not None:
        turn.tell(turn.texts.finish_first)
        turn.ask()
        return
    draft = Draft(
        id=turn.facts.new_id,
        stage=State.REVIEW,
        edits=report.number,
        edits_version=report.version,
        details=report.details,
        settled=ASKED,
        hospitals=turn.facts.known_hospitals[:8],
    )
    turn.change(is_checking=False, is_told_checking=False)
    start_draft(turn, draft)
