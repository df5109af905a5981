"""What the business sent: needed for statuses, for reactions and receipts, and to tell its own ids from others."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.testing.simulators.whatsapp.graph.outgoing import Outgoing

State = Literal["accepted", "sent", "waiting", "delivered", "read", "failed", "lost"]


class SentMessage(msgspec.Struct, kw_only=True):
    """`waiting`: the phone is off. `lost`: it was off for too long."""

    id: str
    outgoing: Outgoing
    phone: str | None
    """None: nobody has this number or user id."""
    at_ms: int
    state: State = "accepted"
    is_free: bool = True


class SentMessages:
    """By id. Bounded; the oldest are forgotten."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._messages: dict[str, SentMessage] = {}

    def add(self, message: SentMessage) -> None:
        self._messages[message.id] = message
        while len(self._messages) > self._limit:
            del self._messages[next(iter(self._messages))]

    def find(self, message_id: str) -> SentMessage | None:
        return self._messages.get(message_id)

    def waiting_for(self, phone_key: str) -> list[SentMessage]:
        """Until this phone is switched on."""
        return [one for one in self._messages.values() if one.phone == phone_key and one.state == "waiting"]

    def __len__(self) -> int:
        return len(self._messages)
