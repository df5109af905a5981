"""A message the application wants to send, read and checked: what the phone will show of it."""

from __future__ import annotations

from typing import Literal

import msgspec


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A button, or a row of a list. What a tap on it sends depends on the message it is in."""

    id: str
    title: str
    description: str | None = None
    section: str | None = None
    kind: Literal["reply", "row", "quick_reply", "link", "action"] = "reply"


class MediaPart(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a message: by `media_id` or by `link`."""

    kind: str
    media_id: str | None = None
    link: str | None = None
    filename: str | None = None
    is_voice: bool = False


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is ``text``, ``image``, …, for interactive messages their own type (``button``, ``list``, …)."""

    kind: str
    message_type: str
    """`type` of the request."""
    to: str | None
    """Digits, when it goes to a number."""
    to_as_given: str
    """What stood in the request; the answer repeats it."""
    recipient: str | None
    """The user id, when it goes to one."""
    text: str = ""
    header: str | None = None
    footer: str | None = None
    media: MediaPart | None = None
    choices: tuple[Choice, ...] = ()
    list_button: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    reaction_to: str | None = None
    reaction: str | None = None
    quoted_id: str | None = None
    callback_data: str | None = None
    template: str | None = None
    category: str = "service"
    """What it is billed as."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The application read a message, and may be typing."""

    message_id: str
    typing: bool
