"""Texts where a draft waits for one: passwords, dates, names, notes."""

from __future__ import annotations

from typing import Final

from rapidfuzz.fuzz import ratio

from wipsie.slices.vault.domain.catalogue import type_named
from wipsie.slices.vault.domain.catalogue.report_types import REPORT_TYPES
from wipsie.slices.vault.domain.conversation.conversation import NameQuestion
from wipsie.slices.vault.domain.conversation.details import NOTE_CHARACTERS_MAX, PERSON_CHARACTERS_MAX, SlotName
from wipsie.slices.vault.domain.conversation.effects import Acknowledge, Unlock
from wipsie.slices.vault.domain.conversation.flow import HARD_MS, ask_for, settle, to_stage
from wipsie.slices.vault.domain.conversation.names import clean_line, has_letter, is_hospital
from wipsie.slices.vault.domain.conversation.prompts import TRIES_BEFORE_SKIP
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import Turn
from wipsie.slices.vault.domain.conversation.typed_answers import is_one_of, named_slot
from wipsie.slices.vault.domain.dates import Ambiguous, Refused, Understood, read_typed_date
from wipsie.slices.vault.domain.whatsapp.outgoing import length_of
from wipsie.slices.vault.domain.words import folded

PASSWORD_CHARACTERS_MAX: Final = 256
CLOSE: Final = 86.0
"""Names of which so much is the same (of 100) may be one name, mistyped."""
_PERSON_WORDS_MAX: Final = 3


def typed(turn: Turn, text: str) -> bool:
    """A text where a draft waits for one; False when it is no answer."""
    draft = turn.draft
    match draft.stage:
        case State.PASSWORD:
            _try_password(turn, text)
        case State.ASK_DATE:
            _take_date(turn, text)
        case State.ASK_HOSPITAL:
            _take_hospital(turn, text)
        case State.ASK_TYPE:
            _take_type(turn, text)
        case State.REVIEW if draft.asking == "person":
            _take_person(turn, text)
        case State.REVIEW if draft.asking == "note":
            _take_note(turn, text)
        case State.REVIEW:
            return _edit_by_words(turn, text)
        case _:
            return False
    return True


def wants_any_text(turn: Turn) -> bool:
    """Whether any text can be the answer, so that only what is clearly a command is one."""
    draft = turn.conversation.draft
    return (
        draft is not None
        and not turn.conversation.is_paused
        and (draft.stage in (State.PASSWORD, State.ASK_HOSPITAL) or draft.asking in ("person", "note"))
    )


def _try_password(turn: Turn, text: str) -> None:
    draft = turn.draft
    if length_of(text) > PASSWORD_CHARACTERS_MAX:
        turn.ask(instead=turn.texts.locked_wrong)
        return
    turn.do(Acknowledge(message_id=turn.event.id))
    turn.do(Unlock(file_id=draft.files[0].id, password=text.strip()))
    turn.change_draft(stage=State.CHECKING)
    turn.change(until_ms=turn.facts.now_ms + HARD_MS)


def _take_date(turn: Turn, text: str) -> None:
    draft, texts, facts = turn.draft, turn.texts, turn.facts
    if is_one_of(text, texts.skip_words):
        settle(turn, "date", None)
        return
    match read_typed_date(text, today=facts.today, born=facts.born, order=facts.date_order):
        case Understood(date):
            settle(turn, "date", date)
        case Ambiguous(dates):
            # Another question now: choices of the one before are out of date.
            to_stage(turn, State.ASK_DATE, dates=dates, version=draft.version + 1)
        case Refused(problem):
            to_stage(turn, State.ASK_DATE, tries=min(draft.tries + 1, TRIES_BEFORE_SKIP))
            turn.ask(instead=_date_problem(turn, problem))


def _date_problem(turn: Turn, problem: str) -> str:
    texts = turn.texts
    return {
        "future": texts.date_future,
        "impossible": texts.date_impossible,
        "before_birth": texts.date_before_birth,
        "incomplete": texts.date_incomplete,
    }.get(problem, texts.date_unclear)


def _take_hospital(turn: Turn, text: str) -> None:
    draft, texts = turn.draft, turn.texts
    if is_one_of(text, texts.skip_words):
        settle(turn, "hospital", None)
        return
    name = clean_line(text)
    if not is_hospital(name):
        turn.ask(instead=texts.hospital_length)
        return
    same, close = _known(turn, name)
    if same is not None or close is None:
        settle(turn, "hospital", same or name)
    else:
        to_stage(turn, State.ASK_HOSPITAL, meant=NameQuestion(name, close), version=draft.version + 1)


def _known(turn: Turn, name: str) -> tuple[str | None, str | None]:
    """The name as it was written before, or one that may be meant."""
    typed = folded(name)
    names = {folded(one): one for one in (*turn.draft.hospitals, *turn.facts.known_hospitals)}
    if typed in names:
        return names[typed], None
    best = max(names, key=lambda one: ratio(typed, one), default=None)
    return None, names[best] if best is not None and ratio(typed, best) >= CLOSE else None


def _take_type(turn: Turn, text: str) -> None:
    kind = _type_typed(turn, text)
    if kind is None:
        turn.ask(instead=turn.texts.type_unknown)
    else:
        settle(turn, "type", kind)


def _type_typed(turn: Turn, text: str) -> str | None:
    plain = folded(text).strip(" .,!?")
    by_name = {folded(turn.texts.types[one].name): one for one in REPORT_TYPES}
    return by_name.get(plain) or type_named(plain)


def _take_person(turn: Turn, text: str) -> None:
    if is_one_of(text, turn.texts.me_words):
        settle(turn, "person", None)
        return
    name = clean_line(text)
    if length_of(name) > PERSON_CHARACTERS_MAX or not has_letter(name):
        turn.ask(instead=turn.texts.person_length)
    else:
        settle(turn, "person", name)


def _take_note(turn: Turn, text: str) -> None:
    note = clean_line(text)
    if not note or length_of(note) > NOTE_CHARACTERS_MAX:
        turn.ask(instead=turn.texts.note_length)
    else:
        settle(turn, "note", note)


def _edit_by_words(turn: Turn, text: str) -> bool:
    """``date 5 nov``, ``hospital Apollo``, or a date or a kind alone."""
    named = named_slot(text, turn.texts)
    if named is None:
        facts = turn.facts
        date = read_typed_date(text, today=facts.today, born=facts.born, order=facts.date_order)
        kind = _type_typed(turn, text)
        if isinstance(date, Understood):
            settle(turn, "date", date.date)
        elif kind is not None:
            settle(turn, "type", kind)
        else:
            return False
        return True
    slot, value = named
    if _is_talk(slot, value):
        return False
    ask_for(turn, slot)
    if value:
        _TAKE[slot](turn, value)
    return True


def _is_talk(slot: SlotName, value: str) -> bool:
    # "For how long do you keep it?" is not whom the report is for.
    return "?" in value or (slot == "person" and len(value.split()) > _PERSON_WORDS_MAX)


_TAKE = {
    "date": _take_date,
    "hospital": _take_hospital,
    "type": _take_type,
    "person": _take_person,
    "note": _take_note,
}
