"""What a phone shows of its chat with the business: bubbles, ticks, and whether somebody types."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.testing.simulators.whatsapp.graph.outgoing import Choice
from wipsie.testing.simulators.whatsapp.media_store import StoredFile

Ticks = Literal["waiting", "sent", "delivered", "read", "failed", "none"]


class BubbleFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a bubble. `stored` is None when it was only linked to and not fetched."""

    kind: str
    mime_type: str
    filename: str | None
    size_bytes: int
    media_id: str | None
    link: str | None = None
    is_voice: bool = False
    stored: StoredFile | None = None


class Bubble(msgspec.Struct, kw_only=True):
    """One message on a phone. `mine`: the person with the phone sent it."""

    mine: bool
    kind: str
    id: str = ""
    """Empty until it is sent."""
    at_ms: int = 0
    text: str = ""
    header: str | None = None
    footer: str | None = None
    file: BubbleFile | None = None
    choices: tuple[Choice, ...] = ()
    list_button: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    quoted_id: str | None = None
    forwarded: bool = False
    edited: bool = False
    revoked: bool = False
    seen: bool = False
    """Of what the business sent: the person saw it."""
    played: bool = False
    my_reaction: str | None = None
    their_reaction: str | None = None
    ticks: Ticks = "none"
    """Of what the person sent: one when it left, two when the application acknowledged it, blue when it was read."""


class Chat:
    """The bubbles, oldest first. Bounded: the oldest go."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._bubbles: dict[str, Bubble] = {}
        self.typing_until_ms = 0

    def __len__(self) -> int:
        return len(self._bubbles)

    def add(self, bubble: Bubble) -> Bubble:
        self._bubbles[bubble.id] = bubble
        while len(self._bubbles) > self._limit:
            del self._bubbles[next(iter(self._bubbles))]
        return bubble

    def find(self, message_id: str) -> Bubble | None:
        return self._bubbles.get(message_id)

    @property
    def bubbles(self) -> list[Bubble]:
        return list(self._bubbles.values())

    def after(self, message_id: str | None) -> list[Bubble]:
        """What came after this message; None: after the last one the person sent."""
        bubbles = self.bubbles
        for index in range(len(bubbles) - 1, -1, -1):
            if bubbles[index].id == message_id or (message_id is None and bubbles[index].mine):
                return bubbles[index + 1 :]
        return bubbles

    @property
    def received(self) -> list[Bubble]:
        """What the business sent."""
        return [bubble for bubble in self._bubbles.values() if not bubble.mine]

    @property
    def mine(self) -> list[Bubble]:
        """What the person sent."""
        return [bubble for bubble in self._bubbles.values() if bubble.mine]
