"""Who a user is to the business: always a user id, and a number only where it may be known."""

from __future__ import annotations

from typing import Any

import msgspec

KNOWN_MS = 30 * 24 * 3600 * 1000
"""How long an exchange of messages keeps a number known to a business."""


class Identity(msgspec.Struct, kw_only=True):
    """`number` is always there, for the network; `number_at` says whether the business learns it."""

    name: str
    number: str
    user_id: str
    country: str = "IN"
    username: str | None = None
    in_contact_book: bool = False
    known_until_ms: int = 0

    def number_at(self, now_ms: int) -> str | None:
        """The number, when it is shareable: the user has no username, is in the contact book of the business, or both
        exchanged messages by number in the last 30 days."""
        shareable = self.username is None or self.in_contact_book or self.known_until_ms > now_ms
        return self.number if shareable else None

    def exchanged(self, now_ms: int, *, by_number: bool) -> None:
        """A message went either way; one by number keeps the number known."""
        if by_number or self.number_at(now_ms) is not None:
            self.known_until_ms = now_ms + KNOWN_MS

    def contact(self, now_ms: int, *, with_username: bool = True) -> dict[str, Any]:
        """One of `contacts[]`."""
        profile: dict[str, Any] = {"name": self.name}
        if self.username is not None and with_username:
            profile["username"] = self.username
        number = self.number_at(now_ms)
        return {"profile": profile, **({"wa_id": number} if number else {}), "user_id": self.user_id}

    def sender(self, now_ms: int) -> dict[str, Any]:
        """`from` and `from_user_id` of a message."""
        number = self.number_at(now_ms)
        return {**({"from": number} if number else {}), "from_user_id": self.user_id}
