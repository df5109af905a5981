"""The vault as staff see it: who is served, and how it goes; never what anybody wrote or sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

Item = TypeVar("Item")

Reason = Annotated[str, Meta(max_length=500, pattern=r"\S[\s\S]{8,}\S")]
"""Ten characters at least, those around it that nobody sees not counted."""


class OwnerView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody the vault serves."""

    id: str
    """Our name for them: the one in logs and in the audit log."""
    masked: str
    """Country code and last digits of the number."""
    language: str
    created_at: datetime
    last_message_at: datetime
    window_open: bool
    """Whether WhatsApp takes more than templates for them now."""
    conversation: str | None
    """Where the conversation stands, for example REVIEW."""
    consent_version: int | None
    """Of the text they agreed to; null before, and after STOP."""
    consented_at: datetime | None
    stopped_at: datetime | None
    erase_at: datetime | None
    """When everything of theirs is erased, after STOP."""
    has_pin: bool
    needs_step_up: bool
    """The number or the telephone changed: nothing is shown before the PIN, or before staff let them in."""
    reports: int
    """Saved, and neither deleted nor erased."""
    stored_bytes: int


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report from outside."""

    number: int
    """Its owner's own."""
    saved_at: datetime
    files: int
    scan: str
    deleted_at: datetime | None
    erase_at: datetime | None
    erased_at: datetime | None


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was sent."""

    id: str
    owner: str
    received_at: datetime
    state: str
    kind: str | None
    """pdf, jpeg or png, once it is known."""
    size: int | None
    scan: str | None
    reason: str | None
    """Why it was refused, or what it waits for."""
    attempts: int


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A message to somebody, without what it says."""

    id: str
    owner: str
    kind: str
    state: str
    status: str | None
    """What WhatsApp says of it."""
    status_at: datetime | None
    attempts: int
    created_at: datetime
    next_at: datetime | None
    """When it is tried next; null once it is settled."""
    settled_at: datetime | None
    error_code: int | None
    error: str | None


class PauseView(msgspec.Struct, frozen=True, kw_only=True):
    """A number of ours that sends nothing."""

    phone_number_id: str
    error_code: int
    reason: str
    since: datetime
    until: datetime
    """When it is tried again by itself."""


class AccessEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done with what is somebody's."""

    at: datetime
    actor: str
    action: str
    """For example vault:report:open."""
    number: int | None
    """Of the report; null where it is about none, or several."""
    reason: str | None
    """Such as break_glass."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A report that somebody of the staff opened in need, or that they let its owner in."""

    at: datetime
    actor: str
    action: Literal["report_opened", "owner_let_in"]
    number: int | None
    """Of the report; null for an owner who was let in, and when nobody knows it any more."""
    reason: str
    """Why, in their words."""


class BreakGlass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why staff must read a report."""

    reason: Reason
    """Kept, sealed: it may name people."""


class Unlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is sure who they are."""

    reason: Reason
    """Kept, sealed: it may name people."""


class OpenedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was opened by staff."""

    number: int
    date: str | None
    hospital: str | None
    type: str | None
    person: str | None
    note: str | None
    link: str
    """Opens its files once, for ten minutes."""
    expires_at: datetime


class SentAgain(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that takes the place of one that failed."""

    id: str


class Found(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Everything there is, at once."""

    data: list[Item]
