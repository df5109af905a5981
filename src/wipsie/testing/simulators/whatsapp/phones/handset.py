"""The device itself: on or off, the chat open or not, and its line to the business. What people do with it stands beside this file."""

from __future__ import annotations

from typing import Any

from wipsie.testing.simulators.whatsapp.phones.chat import Bubble, Chat
from wipsie.testing.simulators.whatsapp.phones.identity import Identity
from wipsie.testing.simulators.whatsapp.phones.line import Line

Message = Bubble | str
"""A bubble, or the id of one."""


class PhoneIsOff(RuntimeError):
    """It sends nothing until it is switched on."""


class Handset:
    """One per user. `is_on`, `chat_is_open` and `read_receipts` are changed by `switch_off`, `open_chat` and so on."""

    def __init__(self, key: str, identity: Identity, line: Line, *, bubbles: int, read_receipts: bool = True) -> None:
        self.key = key
        self.identity = identity
        self.chat = Chat(limit=bubbles)
        self.read_receipts = read_receipts
        self.is_on = True
        self.chat_is_open = False
        self.last_message_ms: int | None = None
        """When the person last wrote: the 24-hour window counts from there."""
        self._line = line

    @property
    def name(self) -> str:
        return self.identity.name

    @property
    def number(self) -> str:
        return self.identity.number

    @property
    def user_id(self) -> str:
        return self.identity.user_id

    @property
    def is_typing(self) -> bool:
        """Whether the business seems to be typing."""
        return self.chat.typing_until_ms > self._line.clock.now_ms()

    @property
    def received(self) -> list[Bubble]:
        """What the business sent, oldest first."""
        return self.chat.received

    def open_chat(self) -> None:
        """Look at the chat: everything in it is read, and what comes while it is open too."""
        self.chat_is_open = True
        if self.is_on:
            for bubble in self.chat.received:
                self._see(bubble)
        self._line.changed(self.key)

    def close_chat(self) -> None:
        self.chat_is_open = False
        self._line.changed(self.key)

    def play(self, message: Message) -> None:
        """Listen to a voice note for the first time."""
        bubble = self._found(message)
        if bubble.played or bubble.file is None or not bubble.file.is_voice:
            return
        bubble.played = True
        if self.read_receipts:
            self._line.status(bubble.id, "played")
        self._line.changed(self.key)

    def switch_off(self) -> None:
        """No battery, no network: messages wait."""
        self.is_on = False
        self._line.changed(self.key)

    def switch_on(self) -> None:
        self.is_on = True
        self._line.switched_on(self.key)
        if self.chat_is_open:
            self.open_chat()
        self._line.changed(self.key)

    def show(self, bubble: Bubble) -> bool:
        """A message of the business arrived; whether it was seen at once."""
        self.chat.typing_until_ms = 0
        self.chat.add(bubble)
        seen = self.chat_is_open
        bubble.seen = seen
        self._line.changed(self.key)
        return seen and self.read_receipts

    def _see(self, bubble: Bubble) -> None:
        if bubble.seen:
            return
        bubble.seen = True
        if self.read_receipts:
            self._line.status(bubble.id, "read")

    def _send(self, node: dict[str, Any], bubble: Bubble) -> Bubble:
        self._refuse_when_off()
        bubble.at_ms = self._line.clock.now_ms()
        bubble.ticks = "sent"
        if not bubble.id:
            bubble.id = self._line.new_message_id(self.identity)
        self.chat.add(bubble)
        self._send_node({"id": bubble.id, **node})
        return bubble

    def _send_node(self, node: dict[str, Any]) -> None:
        self._refuse_when_off()
        now_ms = self._line.clock.now_ms()
        self.last_message_ms = now_ms
        self.identity.exchanged(now_ms, by_number=False)
        named = node if "id" in node else {"id": self._line.new_message_id(self.identity), **node}
        self._line.message(self.key, self.identity, named)
        self._line.changed(self.key)

    def _refuse_when_off(self) -> None:
        if not self.is_on:
            raise PhoneIsOff(f"The phone of {self.name} is off; call switch_on first.")

    def _quote(self, message: Message | None) -> dict[str, Any] | None:
        if message is None:
            return None
        bubble = self._found(message, mine=None)
        sender = (
            self.identity.sender(self._line.clock.now_ms()) if bubble.mine else {"from": self._line.business_number}
        )
        return {**sender, "id": bubble.id}

    def _found(self, message: Message, *, mine: bool | None = False) -> Bubble:
        bubble = message if isinstance(message, Bubble) else self.chat.find(message)
        if bubble is None or (mine is not None and bubble.mine != mine):
            raise ValueError("There is no such message on this phone.")
        return bubble
