"""Daily summaries over the wire."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from wipsie.slices.asyncops.domain.digest.content import Digest
from wipsie.slices.asyncops.people import Person
from wipsie.slices.asyncops.schemas.moments import Moment

Generator = Literal["schedule", "manual"]


class RunSummary(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which summary to make: the last one that is due, unless said otherwise."""

    date: date | None = None
    """The day on which its window ends, in the time zone of summaries."""
    window_end: Moment | None = None
    """Instead of a day: when its 24 hours end."""
    send: bool = False
    """Send it by mail to everybody who wants summaries."""


class SummaryItem(msgspec.Struct, kw_only=True):
    """A daily summary in a list."""

    id: str
    date: str
    """The day on which its window ends."""
    window_start: str
    window_end: str
    """The first moment that does not belong to it."""
    timezone: str
    edition: int
    """1 is the first; each that was made by hand afterwards has the next number."""
    schema_version: str
    generator: Generator
    headline: list[str]
    all_quiet: bool
    content_hash: str
    """SHA-256 of what it says: equal for equal data."""
    sent_at: str | None
    sent_to: int | None
    """How many people it was sent to."""
    generated_at: str
    created_by: Person | None
    """Null: the schedule."""
    version: int


class SummaryView(SummaryItem, kw_only=True):
    """A daily summary with all it says."""

    content: Digest
