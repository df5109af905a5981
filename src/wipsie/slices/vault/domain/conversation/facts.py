"""What a step knows beside the conversation and the event: the moment, the person, what the operator allows, and chance."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec

from wipsie.slices.vault.domain.catalogue.consent import CONSENT_VERSION
from wipsie.slices.vault.domain.dates import DateOrder

CardDetail = Literal["full", "minimal"]
_ID = re.compile(r"[A-Za-z0-9_-]{4,40}")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decides."""

    card_detail: CardDetail = "full"
    """minimal: cards, lists and links tell of a report by number, date and pages. What is asked has to be named all the same."""
    get_as_file: bool = False
    """Whether a report may be sent into the chat, where it stays."""
    quiet_s: float = 8.0
    """So long after the last image of a burst nothing came."""
    quiet_max_s: float = 30.0
    """A burst of images ends after this in any case."""
    document_quiet_s: float = 0.5
    """The same for documents alone, each of which is a report of its own."""
    files_per_hour: int = 30
    commands_per_hour: int = 60
    files_waiting_max: int = 20
    file_bytes_max: int = 20 * 1024 * 1024
    """For words alone: who checks files refuses them."""
    erase_after_days: int = 30
    """After STOP."""
    deleted_days: int = 7
    """So long a deleted report can be brought back."""
    keeper: str = ""
    """Who keeps the reports and where, as people are told: at most 60 characters. Empty: whoever runs this number."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Given with each event."""

    now_ms: int
    new_id: str
    """A random id of 4 to 40 letters, digits, - and _, another one for each step: of the draft that this step may begin."""
    sent_at_ms: int | None = None
    """Of a message of the user: when they sent it, by the clock of WhatsApp."""
    window_open: bool = True
    """Less than a day ago they wrote: they can be answered."""
    has_pin: bool = False
    needs_step_up: bool = False
    """Nothing that was kept is shown before the PIN; where there is none, before staff let them in."""
    first_save: bool = False
    """With Saved: they have not saved anything before."""
    known_hospitals: tuple[str, ...] = ()
    """Names they confirmed, the most frequent first."""
    utc_offset_min: int = 0
    """Of their clock, as far as it is known: today is another day in Auckland."""
    born: date | None = None
    date_order: DateOrder | None = None
    """Which of two numbers of a date comes first for them, where it is known."""
    consent_version: int = CONSENT_VERSION
    """Of the text people agree to now."""
    policy: Policy = Policy()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.new_id):
            raise ValueError("the id of a draft has 4 to 40 letters, digits, - and _")

    @property
    def today(self) -> date:
        """Where they are."""
        return self.day_of(self.now_ms)

    def day_of(self, moment_ms: int) -> date:
        """The day of a moment, where they are."""
        moment = datetime.fromtimestamp(moment_ms / 1000, tz=UTC) + timedelta(minutes=self.utc_offset_min)
        return moment.date()
