"""What a notice tells of."""

from __future__ import annotations

import msgspec

from wipsie.slices.mail.domain.arrival import BucketObject, Envelope


class NoticedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, as its notice tells of it."""

    content: bytes | BucketObject
    """Its MIME, which the notice holds, or where that lies. Nothing is checked of the place."""
    envelope: Envelope
    position: int = 1
    """Among all that the notice lists; the same however often it comes."""


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """All that one notice tells of; never nothing at all."""

    mails: tuple[NoticedMail, ...] = ()
    others: tuple[str, ...] = ()
    """What is no mail and need not be one, in words."""
    problems: tuple[str, ...] = ()
    """What may be a mail and cannot be followed, in words."""
