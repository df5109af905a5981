"""Lives of people in the chat, made of chance: mostly what fits what is open, sometimes anything at all."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from promises import Act, Checked
from talk import ALL_SURE, NOW_MS, REPORT, THIRD

from wipsie.slices.vault.domain.conversation import (
    ChoiceTapped,
    Conversation,
    DateGuess,
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
    NameGuess,
    NotAccepted,
    Outcome,
    PinRight,
    PinSet,
    PinWrong,
    ReportNotThere,
    ReportOpened,
    Restored,
    Saved,
    SaveFailed,
    State,
    Suggestions,
    TextTyped,
    TypeGuess,
)
from wipsie.slices.vault.domain.conversation.effects import (
    Answer,
    Delete,
    Effect,
    EraseEverything,
    Export,
    Open,
    Save,
    SetPin,
    TryPin,
    Unlock,
)
from wipsie.slices.vault.domain.conversation.outcomes import (
    Delayed,
    DuplicateOf,
    Locked,
    Ready,
    Refused,
    WrongPassword,
)
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import LANGUAGES

WORDS = [
    *[
        "yes",
        "no",
        "save",
        "1",
        "2",
        "3",
        "HELP",
        "LIST",
        "CANCEL",
        "STOP",
        "UNDO",
        "EXPORT",
        "PIN",
        "LANG",
        "PRIVACY",
        "GET",
        "DELETE",
        "SEARCH",
        "hindi",
        "skip",
        "today",
        "482913",
        "123456",
        "12345",
        "date",
        "hospital",
        "note",
        "hm",
        "Apollo",
        "May",
        "x",
    ],
    *[
        "3 nov 2025",
        "3/11/2025",
        "3 nov 2099",
        "GET 12",
        "DELETE 12",
        "EDIT 12",
        "SHARE 12",
        "date 5 nov 2025",
        "blood test",
        "Lakeside Hospitl",
        "delete everything",
        "SEARCH sugar",
        "LIST 2025",
        "for whom",
        "Sunrise Labs",
        "UNSHARE 3",
    ],
]
TAPS = [
    "a:agree:1",
    "a:agree:0",
    "a:not_now:1",
    "c:list:2::",
    "c:export",
    "c:erase",
    "c:lang:hi",
    "d:nobody:1:save",
    "?",
]
OUTCOMES: list[Outcome] = [
    Ready(suggestions=ALL_SURE),
    Ready(),
    Ready(suggestions=Suggestions(dates=(DateGuess(THIRD), DateGuess(PartialDate(2025, 3, 11))))),
    Ready(suggestions=Suggestions(hospitals=(NameGuess("Lakeside Hospital"),), types=(TypeGuess("bill"),)), pages=4),
    Ready(suggestions=ALL_SURE, duplicate_of=DuplicateOf(12, date(2026, 3, 1))),
    Locked(),
    WrongPassword(),
    Refused("mismatch"),
    Refused("new reason"),
    Delayed(),
]


def live(seed: int, acts: int = 40) -> Checked:
    """One life; every step of it is looked at."""
    random = Random(seed)
    checked = Checked(Conversation.new(random.choice(LANGUAGES)))
    has_pin, known = random.random() < 0.5, random.choice([(), ("Lakeside Hospital", "City Diagnostics")])
    for number in range(acts):
        facts: dict[str, Any] = {
            "has_pin": has_pin,
            "known_hospitals": known,
            "needs_step_up": random.random() < 0.05,
            "window_open": random.random() < 0.95,
            "age_ms": 4_000_000 if random.random() < 0.03 else 0,
        }
        tag = f"event-{number}"
        act = _fitting(checked, random, tag) if random.random() < 0.85 else _anything(random, tag)
        checked.act(act, facts, random.choice([0, 500, 3_000, 20_000, 300_000]), tag)
    return checked


def _fitting(checked: Checked, random: Random, tag: str) -> Act:
    conversation = checked.conversation
    answers = [answer for effect in checked.last for answer in _answers_to(effect, random, tag)]
    if answers and random.random() < 0.9:
        return random.choice(answers)
    pending = [file.id for file in conversation.files if file.is_pending]
    if conversation.state is State.NEW and random.random() < 0.6:
        return "agree"
    if pending and random.random() < 0.5:
        return FileChecked(id=tag, file_id=random.choice(pending), outcome=random.choice(OUTCOMES))
    if conversation.state in (State.IDLE, State.COLLECTING) and random.random() < 0.5:
        return FileSent(id=tag, file_id=tag, kind=random.choice(["document", "image", "image"]))
    if checked.offered and random.random() < 0.6:
        return ChoiceTapped(id=tag, choice=random.choice(checked.offered[-3:]))
    return random.choice(["timer", TextTyped(id=tag, text=random.choice(WORDS))])


def _answers_to(effect: Effect, random: Random, tag: str) -> list[Event]:
    match effect:
        case Save(draft_id=draft_id):
            return [
                Saved(id=tag, draft_id=draft_id, number=random.randint(1, 99)),
                SaveFailed(id=tag, draft_id=draft_id),
            ]
        case Open(purpose=purpose):
            return [ReportOpened(id=tag, report=REPORT, purpose=purpose), ReportNotThere(id=tag, number=12)]
        case Delete(number=number):
            return [Deleted(id=tag, number=number, until_ms=NOW_MS)]
        case TryPin():
            return [PinRight(id=tag), PinWrong(id=tag, tries_left=random.randint(0, 4))]
        case SetPin():
            return [PinSet(id=tag)]
        case EraseEverything():
            return [Erased(id=tag)]
        case Unlock(file_id=file_id):
            return [FileChecked(id=tag, file_id=file_id, outcome=outcome) for outcome in OUTCOMES]
        case Answer(Export()):
            return [
                ExportFailed(id=tag),
                Exported(id=tag, url="https://vault.example.org/x", until_ms=NOW_MS, reports=3),
            ]
        case _:
            return []


def _anything(random: Random, tag: str) -> Act:
    acts: list[Act] = [
        TextTyped(id=tag, text=random.choice(WORDS)),
        TextTyped(id=tag, text=random.choice(WORDS)),
        ChoiceTapped(id=tag, choice=random.choice(TAPS)),
        FileSent(id=tag, file_id=tag, kind=random.choice(["document", "image"]), quota_ok=random.random() < 0.9),
        NotAccepted(id=tag, kind=random.choice(["voice", "too_large"])),
        Ignored(id=tag),
        IdentityChanged(id=tag, is_same_account=random.random() < 0.5),
        LetIn(id=tag),
        ReportOpened(id=tag, report=REPORT, purpose=random.choice(["edit", "delete"])),
        Deleted(id=tag, number=12, until_ms=NOW_MS),
        Restored(id=tag, number=random.choice([None, 12])),
        PinRight(id=tag),
        PinWrong(id=tag, blocked_until_ms=NOW_MS * 2),
        *("timer", "tap", "tap last", "save", "saved", "failed"),
    ]
    return random.choice(acts)
