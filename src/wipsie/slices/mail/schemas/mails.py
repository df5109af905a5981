"""Mails as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a mail may not be erased."""

    by: str
    """The id of who held it."""
    reason: str


class MailSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A mail in a list."""

    id: str
    subject: str
    sender: str
    """As the mail says it."""
    sender_address: str | None
    """Lower case."""
    sent_at: datetime
    """By the mail's own clock."""
    preview: str
    """The beginning of its text."""
    attachments: int
    copies: int
    """How often it came beyond the first time."""
    size: int
    """Of the original, in bytes; of the document for a letter."""
    is_letter: bool
    """It came in four fields, not as MIME."""
    tags: list[str]
    held: HoldView | None
    snippet: str | UnsetType = UNSET
    """In a search: where the words stand, marked with « and »."""


class RecipientView(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a mail was for."""

    role: str
    """to, cc, or envelope: only the mail server knew."""
    address: str
    name: str


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a mail that is not its text."""

    number: int
    name: str
    media_type: str
    """As its sender says."""
    size: int
    sha256: str
    is_inline: bool
    href: str
    """Where it is downloaded."""


class ArrivalView(msgspec.Struct, frozen=True, kw_only=True):
    """One copy of a mail."""

    message_id: str
    """Of the queue's message that brought it."""
    door: str
    received_at: datetime
    sender: str | None
    recipients: list[str]
    is_copy: bool


class RuleHitView(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that held of a mail."""

    rule: str
    """Its id; the rule may be gone by now."""
    at: datetime
    actions: list[str]
    """What it did, for example tag:invoices."""


class MailView(MailSummary, frozen=True, kw_only=True):
    """A mail with everything that is known of it."""

    text: str
    recipients: list[RecipientView]
    files: list[AttachmentView]
    arrivals: list[ArrivalView]
    rules: list[RuleHitView]
    message_id: str | None
    in_reply_to: str | None
    list_id: str | None
    verdicts: dict[str, str]
    """spf, dkim, dmarc, arc, spam, virus: as far as somebody trusted said so."""
    defects: list[str]
    """What is wrong with its MIME."""
    extra: dict[str, Any]
    """Further members of a letter."""
    key: str
    """Of its document in the archive."""
    sha256: str
    """Of that document."""
    raw_sha256: str | None
    """Of the untouched original."""


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """It is on the queue of mail; a worker does the rest."""

    message_id: str


class NewHold(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Keep a mail from being erased."""

    reason: Reason


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What is left to do after a mail was erased."""

    id: str
    objects: str
    """gone, or going: the object store did not answer, and they are removed when it does."""
