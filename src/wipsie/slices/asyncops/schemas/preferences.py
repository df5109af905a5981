"""What people want to be told, over the wire."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

SummarySection = Literal["attention", "incidents", "blockers", "decisions", "follow_ups", "updates", "queues", "trends"]


class PreferenceChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch: what is sent is changed, what is not stays."""

    mail_followed: bool | UnsetType = UNSET
    mail_mentions: bool | UnsetType = UNSET
    mail_summary: bool | UnsetType = UNSET
    summary_sections: Annotated[list[SummarySection], Meta(max_length=8)] | UnsetType | None = UNSET
    """null: all of them."""


class PreferencesView(msgspec.Struct, kw_only=True):
    """What somebody wants to be told by mail."""

    mail_followed: bool
    """Changes of records one follows."""
    mail_mentions: bool
    """Comments that mention one."""
    mail_summary: bool
    """The daily summary."""
    summary_sections: list[SummarySection] | None
    """Only these sections of it; null: all."""
    version: int
