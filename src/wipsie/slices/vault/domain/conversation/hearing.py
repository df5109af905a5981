"""Words and taps of the user: a PIN, a choice, a command, an answer, or nothing that is understood. In this order."""

from __future__ import annotations

from typing import Final

from wipsie.slices.vault.domain.commands import Command, Incomplete, read_command
from wipsie.slices.vault.domain.commands.command import Cancel, EraseCommand, Get, Help, Stop
from wipsie.slices.vault.domain.conversation import answering, choosing, confirming, consenting
from wipsie.slices.vault.domain.conversation.choices import CommandChoice, ConsentChoice, DraftChoice, read_choice
from wipsie.slices.vault.domain.conversation.commanding import ask_for_missing, obey, say_help
from wipsie.slices.vault.domain.conversation.conversation import NewPinPending, PinPending, Unknown
from wipsie.slices.vault.domain.conversation.events import ChoiceTapped, TextTyped
from wipsie.slices.vault.domain.conversation.flow import keep_open, proceed
from wipsie.slices.vault.domain.conversation.prompts import options_of
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.timing import lapse_question
from wipsie.slices.vault.domain.conversation.turn import MINUTE_MS, Turn
from wipsie.slices.vault.domain.conversation.typed_answers import typed_choice
from wipsie.slices.vault.domain.words import folded

OLD_MS: Final = 30 * MINUTE_MS
"""A tap or a command that arrives later than this may not be meant any more."""
_SILENCE_MS: Final = 10 * MINUTE_MS
_ANSWERS_PER_FILE: Final = 4
_BUSY = (State.COLLECTING, State.CHECKING)


def hear(turn: Turn, event: TextTyped | ChoiceTapped) -> None:
    """What they wrote or tapped, if it is not too old to be meant."""
    conversation, facts = turn.conversation, turn.facts
    command = _command(turn, event) if isinstance(event, TextTyped) else None
    if facts.sent_at_ms is not None and facts.now_ms - facts.sent_at_ms > OLD_MS and not isinstance(command, Stop):
        _too_late(turn)
        return
    keep_open(turn)
    if conversation.pending is not None and conversation.pending.until_ms <= facts.now_ms:
        # Its timer is late; a Delete of this morning is not one of now.
        lapse_question(turn)
    if isinstance(event, ChoiceTapped):
        _tapped(turn, event.choice)
    else:
        _typed(turn, event.text, command)


def _too_late(turn: Turn) -> None:
    turn.note("late_event")
    if turn.facts.window_open and turn.hint_is_due("late", _SILENCE_MS):
        turn.tell(turn.texts.repeat_please)


def _command(turn: Turn, event: TextTyped) -> Command | Incomplete | None:
    return read_command(event.text, turn.conversation.language, strict=answering.wants_any_text(turn))


def _typed(turn: Turn, text: str, command: Command | Incomplete | None) -> None:
    conversation = turn.conversation
    if not isinstance(command, Stop | Cancel | EraseCommand) and not _within_rate(turn, is_command=command is not None):
        return
    if not consenting.agrees(conversation, turn.facts) and conversation.pending is None and command is None:
        consenting.typed(turn, text)
        return
    if _answered(turn, text, command):
        turn.change(unknown=None)
    else:
        _not_understood(turn)


def _answered(turn: Turn, text: str, command: Command | Incomplete | None) -> bool:
    draft = turn.conversation.draft
    if isinstance(turn.conversation.pending, PinPending | NewPinPending) and confirming.typed_pin(turn, text):
        return True
    is_password = draft is not None and draft.stage is State.PASSWORD and not turn.conversation.is_paused
    if is_password and turn.conversation.pending is None and not isinstance(command, Cancel | Stop | Help):
        # Passwords may be words of any kind.
        return answering.typed(turn, text)
    chosen = typed_choice(text, options_of(turn.conversation), turn.texts)
    if chosen is not None:
        return _choose(turn, chosen)
    if command is not None:
        if isinstance(command, Incomplete):
            ask_for_missing(turn, command)
        else:
            obey(turn, command)
        return True
    if turn.conversation.pending is not None:
        # Their answer, or another command; nothing else.
        if isinstance(turn.conversation.pending, PinPending | NewPinPending):
            turn.ask(instead=turn.texts.pin_form)
            return True
        return False
    if draft is not None:
        return _answer_draft(turn, text)
    number = folded(text).strip(" .#")
    if number.isascii() and number.isdigit() and len(number) <= 6 and int(number) and not turn.conversation.files:
        # As the lists have them.
        obey(turn, Get(number=int(number)))
        return True
    return False


def _answer_draft(turn: Turn, text: str) -> bool:
    was_paused = turn.conversation.is_paused
    if was_paused:
        # Late, but to the question that was asked last.
        turn.change(is_paused=False)
    is_answer = not turn.draft.is_save_wanted and answering.typed(turn, text)
    if was_paused and not is_answer:
        turn.change(is_paused=True)
    return is_answer


def _choose(turn: Turn, action: str) -> bool:
    if turn.conversation.pending is not None:
        return confirming.chosen(turn, action)
    if turn.conversation.draft is not None:
        return choosing.act(turn, action)
    return _take_offer(turn, action)


def _take_offer(turn: Turn, action: str) -> bool:
    if turn.conversation.offer is None or action not in ("next", "discard_all"):
        return False
    turn.change(offer=None, until_ms=None)
    if action == "discard_all":
        turn.discard(turn.conversation.files, "cancelled")
        turn.change(files=())
        turn.tell(turn.texts.discarded)
    else:
        proceed(turn)
    return True


def _tapped(turn: Turn, text: str) -> None:
    conversation = turn.conversation
    choice = read_choice(text)
    match choice:
        case CommandChoice(command):
            if isinstance(command, EraseCommand) or _within_rate(turn, is_command=True):
                obey(turn, command)
        case ConsentChoice():
            consenting.tapped(turn, choice)
        case DraftChoice() if _is_current(turn, choice):
            if _choose(turn, choice.action):
                turn.change(unknown=None)
            else:
                _out_of_date(turn)
        case DraftChoice() if conversation.last_saved is not None and choice.id == conversation.last_saved.draft_id:
            turn.tell(turn.texts.already_saved.format(number=conversation.last_saved.number))
            turn.ask_if_open()
        case _ if not consenting.agrees(conversation, turn.facts):
            consenting.welcome(turn, is_asked=True)
        case _:
            _out_of_date(turn)


def _is_current(turn: Turn, choice: DraftChoice) -> bool:
    pending, draft = turn.conversation.pending, turn.conversation.draft
    if pending is not None and choice.id == pending.id:
        return True
    if draft is None:
        return pending is None and choice.id == turn.conversation.offer
    if (choice.id, choice.version) != (draft.id, draft.version):
        return False
    # They turned back to the card: what was asked on top of it is off.
    turn.change(pending=None)
    return True


def _out_of_date(turn: Turn) -> None:
    if turn.conversation.pending is not None or turn.conversation.draft is not None or turn.conversation.offer:
        turn.tell(turn.texts.out_of_date)
        turn.ask()
    else:
        turn.tell(turn.texts.out_of_date_idle)


def _within_rate(turn: Turn, *, is_command: bool) -> bool:
    policy = turn.facts.policy
    if is_command:
        rate = turn.count("commands", policy.commands_per_hour)
    else:
        # Each file may take a few answers.
        rate = turn.count("texts", policy.commands_per_hour + _ANSWERS_PER_FILE * policy.files_per_hour)
    if rate == "first_over":
        turn.tell(turn.texts.commands_limit)
    return rate == "allowed"


def _not_understood(turn: Turn) -> None:
    """First said in other words, then with all commands, then nothing for a while."""
    now_ms, texts = turn.facts.now_ms, turn.texts
    if turn.conversation.state in _BUSY:
        if turn.hint_is_due("busy", MINUTE_MS):
            turn.tell(texts.reading_now)
        return
    last = turn.conversation.unknown
    if last is None or not 0 <= now_ms - last.at_ms < _SILENCE_MS:
        last = Unknown(0, now_ms)
    if last.count < 2:
        turn.change(unknown=Unknown(last.count + 1, now_ms))
    if last.count == 0:
        turn.tell(texts.not_understood)
        turn.ask_if_open()
    elif last.count == 1:
        say_help(turn)
