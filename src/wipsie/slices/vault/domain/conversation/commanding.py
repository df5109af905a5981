"""Commands: they work everywhere, and never lose a draft."""

from __future__ import annotations

from wipsie.slices.vault.domain.commands import Command, Incomplete
from wipsie.slices.vault.domain.commands.command import (
    Cancel,
    DeleteCommand,
    Edit,
    EraseCommand,
    ExportCommand,
    Get,
    Help,
    History,
    LanguageCommand,
    ListCommand,
    Pin,
    Privacy,
    Search,
    Share,
    Stop,
    UndoCommand,
    Unshare,
)
from wipsie.slices.vault.domain.conversation.choices import command_choice
from wipsie.slices.vault.domain.conversation.confirming import change_pin, guarded, typed_pin
from wipsie.slices.vault.domain.conversation.consenting import agrees, has_vault, privacy, stop, welcome
from wipsie.slices.vault.domain.conversation.conversation import PinPending, Wanted, WantErase
from wipsie.slices.vault.domain.conversation.effects import (
    Answer,
    Export,
    GetReport,
    ListReports,
    Open,
    SearchReports,
    SetLanguage,
    ShareReport,
    ShowHistory,
    Undo,
    UnshareReport,
)
from wipsie.slices.vault.domain.conversation.flow import after_question, close_draft, proceed
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import DAY_MS, Turn
from wipsie.slices.vault.domain.languages import LANGUAGES, NAMES, Language
from wipsie.slices.vault.domain.whatsapp.outgoing import ListMessage, ListRow, ListSection


def obey(turn: Turn, command: Command) -> None:
    """Do it, or say why not."""
    conversation = turn.conversation
    if isinstance(command, Pin) and command.digits is not None and isinstance(conversation.pending, PinPending):
        # PIN 123456, in answer to the question for it.
        typed_pin(turn, command.digits)
        return
    if isinstance(command, Cancel):
        cancel(turn)
        return
    # They turned to something else: a question about what cannot be taken back does not wait behind it.
    had_question = conversation.pending is not None
    turn.change(pending=None)
    _obey(turn, command)
    if had_question and turn.conversation.pending is None and turn.conversation.draft is None:
        proceed(turn)


def _obey(turn: Turn, command: Command) -> None:
    match command:
        case Stop():
            stop(turn)
        case Privacy():
            privacy(turn)
            turn.ask_if_open()
        case LanguageCommand():
            _speak(turn, command.language)
        case EraseCommand() if has_vault(turn.conversation):
            guarded(turn, WantErase())
        case ExportCommand() if has_vault(turn.conversation):
            guarded(turn, Answer(Export()))
        case _ if not agrees(turn.conversation, turn.facts):
            welcome(turn, is_asked=True)
        case Help():
            say_help(turn)
        case Edit() if turn.conversation.draft is not None:
            turn.tell(turn.texts.finish_first)
            turn.ask()
        case Pin():
            change_pin(turn, command.digits)
        case _:
            wanted = _wanted(turn, command)
            if wanted is not None:
                guarded(turn, wanted)


def _wanted(turn: Turn, command: Command) -> Wanted | None:
    match command:
        case ListCommand():
            return Answer(ListReports(type=command.type, year=command.year, page=command.page))
        case Get():
            is_file = command.as_file and turn.facts.policy.get_as_file
            return Answer(GetReport(number=command.number, as_file=is_file))
        case Search():
            return Answer(SearchReports(words=command.words))
        case History():
            return Answer(ShowHistory(number=command.number))
        case Share():
            return Answer(ShareReport(number=command.number))
        case Unshare():
            return Answer(UnshareReport(number=command.number))
        case Edit():
            return Open(number=command.number, purpose="edit")
        case DeleteCommand():
            return Open(number=command.number, purpose="delete")
        case UndoCommand():
            return Undo(number=command.number)
        case _:
            return None


def ask_for_missing(turn: Turn, command: Incomplete) -> None:
    """A command without its number, or its words."""
    if not agrees(turn.conversation, turn.facts):
        welcome(turn, is_asked=True)
    elif command.verb == "search":
        turn.tell(turn.texts.search_words_missing)
        turn.ask_if_open()
    else:
        turn.tell(turn.texts.number_missing.format(command=turn.texts.verbs[command.verb]))
        turn.ask_if_open()


def say_help(turn: Turn) -> None:
    """What can be asked for."""
    file = turn.texts.help_file if turn.facts.policy.get_as_file else ""
    turn.tell(turn.texts.help.format(file=file))
    turn.ask_if_open()


def cancel(turn: Turn) -> None:
    """End what is open; what waits behind it is offered."""
    conversation, texts = turn.conversation, turn.texts
    if conversation.pending is not None:
        turn.tell(texts.kept)
        after_question(turn)
    elif conversation.consent_version is None:
        _cancel_unopened(turn)
    elif conversation.draft is None:
        if conversation.files:
            turn.discard(conversation.files, "cancelled")
            turn.change(files=(), burst=None, is_checking=False, is_told_checking=False, until_ms=None, offer=None)
            turn.tell(texts.cancelled)
        else:
            turn.tell(texts.nothing_open)
    elif conversation.draft.stage is State.SAVING and not conversation.is_paused:
        turn.tell(texts.being_saved)
    else:
        cancel_draft(turn)


def cancel_draft(turn: Turn) -> None:
    """Discard the draft; a saved report that was to be changed stays as it was."""
    draft, texts = turn.draft, turn.texts
    turn.discard(draft.files, "cancelled")
    close_draft(turn)
    if draft.edits is not None:
        turn.tell(texts.cancelled_edit.format(number=draft.edits))
        proceed(turn)
    elif turn.conversation.files:
        turn.change(burst=None, offer=draft.id, until_ms=turn.facts.now_ms + DAY_MS)
        turn.ask()
    else:
        turn.tell(texts.cancelled)


def _cancel_unopened(turn: Turn) -> None:
    files = turn.conversation.files
    if not files:
        welcome(turn, is_asked=True)
        return
    turn.discard(files, "cancelled")
    turn.change(files=(), until_ms=None)
    turn.tell(turn.texts.cancelled)


def _speak(turn: Turn, language: Language | None) -> None:
    if language is None:
        rows = tuple(ListRow(command_choice(LanguageCommand(language=one)), NAMES[one]) for one in LANGUAGES)
        question = ListMessage(
            body=turn.texts.language_question, label=turn.texts.choose, sections=(ListSection(rows=rows),)
        )
        turn.send(question)
        return
    turn.change(language=language)
    turn.do(SetLanguage(language))
    if turn.conversation.consent_version is None:
        welcome(turn, is_asked=True)
    else:
        turn.tell(turn.texts.language_set)
        turn.ask_if_open()
