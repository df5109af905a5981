"""A conversation to be talked to in tests: events with ids of their own, a clock that is set, and the results of effects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import msgspec

from wipsie.slices.vault.domain.conversation import (
    ChoiceTapped,
    Conversation,
    DateGuess,
    Details,
    Event,
    Facts,
    FileChecked,
    FileSent,
    NameGuess,
    Outcome,
    ReportOpened,
    ReportSummary,
    State,
    Suggestions,
    TextTyped,
    TimerEnded,
    TypeGuess,
    step,
)
from wipsie.slices.vault.domain.conversation.effects import Effect, Say
from wipsie.slices.vault.domain.conversation.outcomes import DuplicateOf, Locked, Ready
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.whatsapp.outgoing import ButtonsMessage, ListMessage, OutgoingMessage

NOW_MS = 1_795_935_600_000
"""29 November 2026, 07:00 UTC."""
THIRD = PartialDate(2025, 11, 3)
ALL_SURE = Suggestions(
    dates=(DateGuess(THIRD, is_sure=True),),
    hospitals=(NameGuess("Lakeside Hospital", is_sure=True),),
    types=(TypeGuess("blood_test", is_sure=True),),
)
REPORT = ReportSummary(
    number=12, details=Details(date=THIRD, hospital="Lakeside Hospital", type="blood_test"), version=3
)
ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Conversation)

_Effect = TypeVar("_Effect", bound=Effect)


class Talk:
    """Keeps the conversation, as JSON in between, and what the last step wanted done."""

    def __init__(self, language: Language = "en", **facts: Any) -> None:
        self.conversation = Conversation.new(language)
        self.now_ms = NOW_MS
        self.facts: dict[str, Any] = facts
        self.effects: tuple[Effect, ...] = ()
        self.all_effects: list[Effect] = []
        self._count = 0

    @property
    def state(self) -> State:
        return self.conversation.state

    def give(self, event: Event, **facts: Any) -> tuple[Effect, ...]:
        self._count += 1
        moment = Facts(now_ms=self.now_ms, new_id=f"id{self._count:04}", **{**self.facts, **facts})
        taken = step(self.conversation, event, moment)
        self.conversation = DECODER.decode(ENCODER.encode(taken.conversation))
        assert self.conversation == taken.conversation
        self.effects = taken.effects
        self.all_effects += taken.effects
        return taken.effects

    def new_id(self) -> str:
        return f"event-{self._count}"

    def say(self, text: str, **facts: Any) -> tuple[Effect, ...]:
        return self.give(TextTyped(id=self.new_id(), text=text), **facts)

    def tap(self, title: str, **facts: Any) -> tuple[Effect, ...]:
        """Tap the choice with this title, of the last message that had one."""
        return self.give(ChoiceTapped(id=self.new_id(), choice=self.choice(title)), **facts)

    def choice(self, title: str) -> str:
        for message in reversed(self.messages(of_all=True)):
            for choice, shown in choices_of(message):
                if shown == title:
                    return choice
        raise AssertionError(f"nobody offered {title}")

    def send(self, file_id: str = "file1", **fields: Any) -> tuple[Effect, ...]:
        given: dict[str, Any] = {"kind": "document", "id": f"message-{file_id}", "name": f"{file_id}.pdf", **fields}
        facts = {"sent_at_ms": self.now_ms} if "sent_at_ms" not in given else {"sent_at_ms": given.pop("sent_at_ms")}
        return self.give(FileSent(file_id=file_id, **given), **facts)

    def photo(self, file_id: str, **fields: Any) -> tuple[Effect, ...]:
        return self.send(file_id, kind="image", name=None, **fields)

    def check(self, file_id: str = "file1", outcome: Outcome | None = None, **facts: Any) -> tuple[Effect, ...]:
        known = Ready(suggestions=ALL_SURE) if outcome is None else outcome
        return self.give(FileChecked(id=self.new_id(), file_id=file_id, outcome=known), **facts)

    def wait(self, **facts: Any) -> tuple[Effect, ...]:
        """Until the deadline."""
        assert self.conversation.deadline_ms is not None
        self.now_ms = max(self.now_ms, self.conversation.deadline_ms)
        return self.give(TimerEnded(id=self.new_id(), deadline_ms=self.conversation.deadline_ms), **facts)

    def pass_s(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)

    def messages(self, *, of_all: bool = False) -> list[OutgoingMessage]:
        return [one.message for one in (self.all_effects if of_all else self.effects) if isinstance(one, Say)]

    @property
    def text(self) -> str:
        """All that was said in the last step."""
        return "\n---\n".join(body_of(message) for message in self.messages())

    def titles(self) -> list[str]:
        return [title for message in self.messages() for _, title in choices_of(message)]

    def wanted(self, kind: type[_Effect]) -> list[_Effect]:
        return [one for one in self.effects if isinstance(one, kind)]


def agreed(language: Language = "en", **facts: Any) -> Talk:
    """Somebody who agreed a while ago."""
    talk = Talk(language, **facts)
    talk.say("hello")
    talk.give(ChoiceTapped(id="agreed", choice="a:agree:1"))
    talk.pass_s(3600)
    return talk


def reviewing(language: Language = "en", outcome: Outcome | None = None, **facts: Any) -> Talk:
    """Somebody who sees the card of their file."""
    talk = agreed(language, **facts)
    talk.send()
    talk.check(outcome=outcome)
    talk.wait()
    return talk


def body_of(message: OutgoingMessage) -> str:
    """Its main words."""
    return getattr(message, "body", "")


def choices_of(message: OutgoingMessage) -> list[tuple[str, str]]:
    """Ids and titles of all its choices."""
    if isinstance(message, ButtonsMessage):
        return [(button.id, button.title) for button in message.buttons]
    if isinstance(message, ListMessage):
        return [(row.id, row.title) for section in message.sections for row in section.rows]
    return []


def collecting(**facts: Any) -> Talk:
    talk = agreed(**facts)
    talk.send()
    return talk


def checking(**facts: Any) -> Talk:
    talk = collecting(**facts)
    talk.wait()
    return talk


def locked(**facts: Any) -> Talk:
    return reviewing(outcome=Locked(), **facts)


def duplicate(**facts: Any) -> Talk:
    same = DuplicateOf(12, date(2026, 3, 1))
    return reviewing(outcome=Ready(suggestions=ALL_SURE, duplicate_of=same), **facts)


def photos(count: int = 3, outcome: Outcome | None = None, **facts: Any) -> Talk:
    """Asked whether they are one report."""
    talk = agreed(**facts)
    for number in range(1, count + 1):
        talk.photo(f"photo{number}")
        talk.pass_s(2)
    for number in range(1, count + 1):
        talk.check(f"photo{number}", outcome)
    talk.wait()
    return talk


def asked_date(**facts: Any) -> Talk:
    return reviewing(outcome=Ready(suggestions=Suggestions(types=ALL_SURE.types)), **facts)


def asked_hospital(**facts: Any) -> Talk:
    known = Suggestions(dates=ALL_SURE.dates, types=ALL_SURE.types)
    return reviewing(outcome=Ready(suggestions=known), **facts)


def asked_type(**facts: Any) -> Talk:
    known = Suggestions(dates=ALL_SURE.dates, hospitals=ALL_SURE.hospitals)
    return reviewing(outcome=Ready(suggestions=known), **facts)


def saving(**facts: Any) -> Talk:
    talk = reviewing(**facts)
    talk.tap("Save")
    return talk


def paused(**facts: Any) -> Talk:
    talk = reviewing(**facts)
    talk.wait()
    return talk


def asked_to_delete(**facts: Any) -> Talk:
    talk = agreed(**facts)
    talk.say("DELETE 12")
    talk.give(ReportOpened(id="opened", report=REPORT, purpose="delete"))
    return talk


def asked_pin(**facts: Any) -> Talk:
    given: dict[str, Any] = {"has_pin": True, "needs_step_up": True, **facts}
    talk = agreed(**given)
    talk.say("LIST")
    return talk


IN_STATE: dict[State, Callable[..., Talk]] = {
    State.NEW: Talk,
    State.IDLE: agreed,
    State.COLLECTING: collecting,
    State.CHECKING: checking,
    State.GROUPING: photos,
    State.PASSWORD: locked,
    State.DUPLICATE: duplicate,
    State.ASK_DATE: asked_date,
    State.ASK_HOSPITAL: asked_hospital,
    State.ASK_TYPE: asked_type,
    State.REVIEW: reviewing,
    State.SAVING: saving,
    State.PAUSED: paused,
    State.DELETE_CONFIRM: asked_to_delete,
    State.STEP_UP: asked_pin,
}
"""A conversation in each state."""
