"""All that is remembered of a conversation between two messages. Stored as JSON, sealed: it holds answers about health.

Fields that a newer version adds are left out on reading; whatever is added has a default.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from wipsie.slices.vault.domain.conversation.details import Details, ReportSummary, SlotName, Suggestions
from wipsie.slices.vault.domain.conversation.effects import Answer, Open, Undo
from wipsie.slices.vault.domain.conversation.events import FileKind
from wipsie.slices.vault.domain.conversation.outcomes import Delayed, Outcome
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import DEFAULT_LANGUAGE, Language

SEEN_MAX = 128
"""Ids of events that are remembered. The inbox keeps all ids of messages; this is for results and what comes close together."""
Limited = Literal["files", "commands", "texts", "welcomes"]
HintName = Literal["welcome", "not_accepted", "too_large", "late", "full", "quota", "delayed", "busy"]


class HeldFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that is not saved yet."""

    id: str
    message_id: str
    kind: FileKind
    sent_at_ms: int
    name: str | None = None
    told: Details = Details()
    """What its caption says of it."""
    outcome: Outcome | None = None
    is_alone: bool = False
    """An image that is a report of its own, as they said."""

    @property
    def is_pending(self) -> bool:
        """Nobody knows yet what becomes of it."""
        return self.outcome is None or isinstance(self.outcome, Delayed)

    @property
    def order(self) -> int:
        """Files are taken, and pages stand, as they were sent, whenever they arrive. WhatsApp tells the second: within one they stand as
        they arrived, which is nearer to the truth than their ids."""
        return self.sent_at_ms


class Burst(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Files that come one after the other."""

    started_ms: int
    until_ms: int
    """Then no more are waited for."""
    has_image: bool = False


class NameQuestion(msgspec.Struct, frozen=True):
    """Did you mean …?"""

    typed: str
    known: str


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The report that is talked about: a new one, or a saved one that is changed."""

    id: str
    stage: State
    """Where it stands: one of GROUPING, PASSWORD, DUPLICATE, CHECKING, ASK_…, REVIEW and SAVING."""
    version: int = 1
    """Of what is known of it. Choices carry it: a tap on an older card is recognised."""
    files: tuple[HeldFile, ...] = ()
    edits: int | None = None
    edits_version: int | None = None
    details: Details = Details()
    settled: tuple[SlotName, ...] = ()
    """What need not be asked."""
    guesses: Suggestions = Suggestions()
    dates: tuple[PartialDate, ...] = ()
    """What the date they typed may mean."""
    hospitals: tuple[str, ...] = ()
    """Names that are offered; choices carry their positions."""
    meant: NameQuestion | None = None
    asking: Literal["change", "person", "note"] | None = None
    """What REVIEW asks in the place of the card."""
    tries: int = 0
    """Answers that could not be taken, passwords that did not open, or savings that failed."""
    is_save_wanted: bool = False
    """They said Save, and it is tried until it is done."""


class DeletePending(msgspec.Struct, frozen=True, kw_only=True, tag="delete"):
    """Really delete it?"""

    id: str
    until_ms: int
    report: ReportSummary


class ErasePending(msgspec.Struct, frozen=True, kw_only=True, tag="erase"):
    """Really erase everything?"""

    id: str
    until_ms: int


class WantErase(msgspec.Struct, frozen=True, tag_field="effect", tag="want_erase"):
    """To erase everything."""


class WantNewPin(msgspec.Struct, frozen=True, tag_field="effect", tag="want_new_pin"):
    """To have another PIN."""


Wanted = Answer | Open | Undo | WantErase | WantNewPin
"""What the PIN is asked for."""


class PinPending(msgspec.Struct, frozen=True, kw_only=True, tag="pin"):
    """Their PIN, please."""

    id: str
    until_ms: int
    then: Wanted


class NewPinPending(msgspec.Struct, frozen=True, kw_only=True, tag="new_pin"):
    """Which PIN shall it be?"""

    id: str
    until_ms: int


Pending = DeletePending | ErasePending | PinPending | NewPinPending


class Counter(msgspec.Struct, frozen=True):
    """How often something came within an hour."""

    since_ms: int
    count: int


class Unknown(msgspec.Struct, frozen=True):
    """Texts that were not understood, one after the other."""

    count: int
    at_ms: int


class LastSaved(msgspec.Struct, frozen=True):
    """The draft that became a report last: its card is still there to be tapped."""

    draft_id: str
    number: int


class Conversation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation. `state` follows from what is open in it, so the two cannot contradict each other."""

    language: Language = DEFAULT_LANGUAGE
    consent_version: int | None = None
    """Which text they agreed to; None before, and after STOP."""
    shown_version: int | None = None
    """Which text they were shown last: a typed yes agrees to that."""
    stopped_at_ms: int | None = None
    """Since STOP; what they had is kept until it is erased."""
    files: tuple[HeldFile, ...] = ()
    """Those that wait, as they were sent."""
    burst: Burst | None = None
    is_checking: bool = False
    """They wait for what becomes of their files."""
    is_told_checking: bool = False
    draft: Draft | None = None
    is_paused: bool = False
    offer: str | None = None
    """After CANCEL: id of the draft that is gone, while the next file is offered."""
    pending: Pending | None = None
    until_ms: int | None = None
    """When waiting for the user, or for files, ends."""
    counters: dict[str, Counter] = {}
    hints: dict[str, int] = {}
    """When each was given last, by `HintName`."""
    unknown: Unknown | None = None
    last_saved: LastSaved | None = None
    seen: tuple[str, ...] = ()

    @classmethod
    def new(cls, language: Language = DEFAULT_LANGUAGE) -> Conversation:
        """Of somebody who writes for the first time."""
        return cls(language=language)

    @property
    def state(self) -> State:
        """The word for what is open."""
        if self.pending is not None:
            is_question = isinstance(self.pending, DeletePending | ErasePending)
            return State.DELETE_CONFIRM if is_question else State.STEP_UP
        if self.draft is not None:
            return State.PAUSED if self.is_paused else self.draft.stage
        if self.consent_version is None:
            return State.NEW
        if self.burst is not None:
            return State.COLLECTING
        return State.CHECKING if self.is_checking else State.IDLE

    @property
    def deadline_ms(self) -> int | None:
        """When to send TimerEnded: the first of all that ends."""
        ends = [self.until_ms, self.burst and self.burst.until_ms, self.pending and self.pending.until_ms]
        return min((one for one in ends if one is not None), default=None)

    @property
    def file_ids(self) -> tuple[str, ...]:
        """All files that are not saved yet."""
        drafted = () if self.draft is None else self.draft.files
        return tuple(one.id for one in (*drafted, *self.files))


def mark_of(event_id: str) -> str:
    """What is remembered of an event's id: ids of WhatsApp are long, and have numbers in them."""
    return hashlib.blake2b(event_id.encode(), digest_size=6).hexdigest()
