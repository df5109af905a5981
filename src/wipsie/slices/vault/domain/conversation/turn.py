"""One step while it is taken: the conversation as it becomes, and what is to be done. At its end everything that is to be said
with the question that is open now becomes one message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from wipsie.slices.vault.domain.catalogue import Texts, texts_of
from wipsie.slices.vault.domain.conversation.conversation import (
    Conversation,
    Counter,
    Draft,
    HeldFile,
    HintName,
    Limited,
    Pending,
)
from wipsie.slices.vault.domain.conversation.effects import Discard, DiscardReason, Effect, Note, NoteAction, Say
from wipsie.slices.vault.domain.conversation.events import Event
from wipsie.slices.vault.domain.conversation.facts import Facts
from wipsie.slices.vault.domain.conversation.prompts import lead_fits, prompt
from wipsie.slices.vault.domain.whatsapp.outgoing import OutgoingMessage, TextMessage, shortened
from wipsie.slices.vault.domain.whatsapp.outgoing.limits import TEXT_BODY_MAX

SECOND_MS: Final = 1000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
OPEN_MS: Final = 30 * MINUTE_MS
"""So long a question waits for its answer."""
UNASKED_MS: Final = 7 * DAY_MS
"""So long a draft is kept that its owner could not be told of: they were answered too late."""
CONFIRM_MS: Final = 5 * MINUTE_MS
"""The same for questions about what cannot be taken back, and for the PIN."""

Rate = Literal["allowed", "first_over", "over"]
"""first_over is answered, over is not: each answer costs, and who sends too much reads none."""


class Turn:
    """Used for one step, and then thrown away."""

    def __init__(self, conversation: Conversation, event: Event, facts: Facts) -> None:
        self.conversation = conversation
        self.event = event
        self.facts = facts
        self._effects: list[Effect] = []
        self._notes: list[str] = []
        self._asks = False
        self._instead: str | None = None
        self._quote: str | None = None

    @property
    def texts(self) -> Texts:
        """In their language, as it is by now."""
        return texts_of(self.conversation.language)

    @property
    def draft(self) -> Draft:
        """The open one; only where there is one."""
        if self.conversation.draft is None:
            raise ValueError("no draft is open")
        return self.conversation.draft

    def change(self, **fields: Any) -> None:
        """Set fields of the conversation."""
        self.conversation = msgspec.structs.replace(self.conversation, **fields)

    def change_draft(self, **fields: Any) -> None:
        """Set fields of the draft, and give it its time again."""
        self.change(draft=msgspec.structs.replace(self.draft, **fields), until_ms=self.facts.now_ms + OPEN_MS)

    def do(self, effect: Effect) -> None:
        """Have this done."""
        self._effects.append(effect)

    def note(self, action: NoteAction, count: int | None = None) -> None:
        """For the audit log."""
        self.do(Note(action=action, count=count))

    def discard(self, files: Iterable[HeldFile], reason: DiscardReason) -> None:
        """Forget the bytes of these, if there are any."""
        ids = tuple(file.id for file in files)
        if ids:
            self.do(Discard(file_ids=ids, reason=reason))

    def tell(self, text: str) -> None:
        """Say this, above the question when one follows."""
        self._notes.append(text)

    def tell_first(self, text: str) -> None:
        """Say this before all else."""
        self._notes.insert(0, text)

    def ask(self, *, instead: str | None = None, quote: str | None = None) -> None:
        """Ask what is open at the end of this step. `instead`: in the place of the usual question; `quote`: the message it is about."""
        self._asks = True
        self._instead = instead or self._instead
        self._quote = quote or self._quote

    def ask_if_open(self) -> None:
        """Ask again what waits for an answer, so that whatever came between is not the last word."""
        if self.conversation.draft is not None:
            self.ask()

    def send(self, message: OutgoingMessage, *, is_sensitive: bool = False) -> None:
        """Send this, as it is; where they cannot be answered, it is left out."""
        if self.facts.window_open:
            self.do(Say(message=message, is_sensitive=is_sensitive))
        else:
            self.note("unanswered")

    def wait_for(self, pending: Pending) -> None:
        """Put this question on top of whatever is open."""
        self.change(pending=pending)
        self.ask()

    def hint_is_due(self, hint: HintName, every_ms: int) -> bool:
        """Whether this was not said within `every_ms`; from now on it was."""
        last = self.conversation.hints.get(hint)
        if last is not None and 0 <= self.facts.now_ms - last < every_ms:
            return False
        self.change(hints={**self.conversation.hints, hint: self.facts.now_ms})
        return True

    def count(self, what: Limited, at_most: int) -> Rate:
        """One more of these within the hour."""
        now_ms = self.facts.now_ms
        last = self.conversation.counters.get(what)
        if last is None or not 0 <= now_ms - last.since_ms < HOUR_MS:
            last = Counter(now_ms, 0)
        # What is far over the limit is not counted on: the number would grow for as long as somebody writes.
        counter = Counter(last.since_ms, min(last.count + 1, at_most + 2))
        self.change(counters={**self.conversation.counters, what: counter})
        if counter.count <= at_most:
            return "allowed"
        return "first_over" if counter.count == at_most + 1 else "over"

    def effects(self) -> tuple[Effect, ...]:
        """Everything to be done, with what was told and asked made into messages."""
        lead = "\n\n".join(self._notes)
        detail = self.facts.policy.card_detail
        if self._asks and lead and not lead_fits(self.conversation, lead, detail):
            self.send(_text(lead))
            lead = ""
        asked = prompt(self.conversation, detail, lead=lead, instead=self._instead) if self._asks else None
        if asked is None:
            if lead:
                self.send(_text(lead))
        elif self.facts.window_open:
            is_sensitive = self.conversation.draft is not None or self.conversation.pending is not None
            self.do(Say(message=asked, quote=self._quote, is_sensitive=is_sensitive))
        else:
            self._pause_unasked()
        return tuple(self._effects)

    def _pause_unasked(self) -> None:
        # Nobody saw the question: their next message opens it again.
        self.note("unanswered")
        if self.conversation.draft is not None and not self.conversation.is_paused:
            self.change(is_paused=True, until_ms=self.facts.now_ms + UNASKED_MS)


def _text(text: str) -> TextMessage:
    return TextMessage(body=shortened(text, TEXT_BODY_MAX))
