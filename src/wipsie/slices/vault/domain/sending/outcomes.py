"""How a call that sends a message can end.

taken     WhatsApp has it, and will tell what becomes of it
refused   WhatsApp does not take it, and says why
unknown   the request left, no answer came: it may be on its way, or not
not_sent  no request left
"""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.whatsapp.errors import ApiError


class Taken(msgspec.Struct, frozen=True):
    """On its way."""

    message_id: str | None = None
    """Of WhatsApp; a read receipt has none."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Not on its way, for certain."""

    error: ApiError
    http_status: int | None = None
    asked_s: float | None = None
    """How long the answer asks to wait."""


class Unknown(msgspec.Struct, frozen=True):
    """Nobody knows."""

    reason: str
    """In words of ours."""


class NotSent(msgspec.Struct, frozen=True):
    """WhatsApp is not there."""

    reason: str
    asked_s: float | None = None


SendOutcome = Taken | Refused | Unknown | NotSent
