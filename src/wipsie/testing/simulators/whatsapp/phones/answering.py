"""What people do to a message that is there already: tap on it, react to it, change it, take it back."""

from __future__ import annotations

from typing import Any

from wipsie.testing.simulators.whatsapp.graph.outgoing import Choice
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble
from wipsie.testing.simulators.whatsapp.phones.composing import Composing
from wipsie.testing.simulators.whatsapp.phones.handset import Message
from wipsie.testing.simulators.whatsapp.phones.taps import tap_node


class Answering(Composing):
    """Messages of the business are answered, the person's own are changed. ValueError for one that the phone does not show."""

    async def share_number(self, request: Message) -> Bubble:
        """Answer a message that asks for the number: from now on the business knows it."""
        self._found(request)
        self.identity.exchanged(self._line.clock.now_ms(), by_number=True)
        return await self.send_contact(self.name, f"+{self.number}", origin="contact_request")

    async def react(self, message: Message, emoji: str | None) -> None:
        """Put an emoji on a message of the business; None takes it away."""
        bubble = self._found(message)
        bubble.my_reaction = emoji
        reaction: dict[str, Any] = {"message_id": bubble.id, **({"emoji": emoji} if emoji else {})}
        self._send_node({"type": "reaction", "reaction": reaction})

    async def tap(self, choice: str, *, on: Message | None = None) -> Bubble | None:
        """A button or a row, by its title or its id: that of the newest message that has it, or of `on`, which may be as old as
        the phone can show. None when a tap sends nothing (a link). ValueError when there is nothing of that name."""
        bubble, chosen = self._choice(choice, on)
        if bubble.kind == "request_contact_info":
            return await self.share_number(bubble)
        node = tap_node(chosen)
        if node is None:
            return None
        node["context"] = self._quote(bubble)
        return self._send(node, Bubble(mine=True, kind="tap", text=chosen.title, quoted_id=bubble.id))

    def _choice(self, choice: str, on: Message | None) -> tuple[Bubble, Choice]:
        for bubble in [self._found(on)] if on is not None else reversed(self.received):
            for one in bubble.choices:
                if choice in (one.id, one.title):
                    return bubble, one
        offered = [one.title for bubble in self.received[-3:] for one in bubble.choices]
        raise ValueError(f"There is no {choice!r} to tap; the last messages have {', '.join(offered) or 'nothing'}.")

    async def edit(self, message: Message, text: str) -> None:
        """Change a text that was sent."""
        bubble = self._found(message, mine=True)
        bubble.text, bubble.edited = text, True
        changed = {"id": bubble.id, "type": "text", "text": {"body": text}}
        self._send_node({"type": "edit", "edit": {"original_message_id": bubble.id, "message": changed}})

    async def revoke(self, message: Message) -> None:
        """Delete a message that was sent, for everyone."""
        bubble = self._found(message, mine=True)
        bubble.revoked = True
        self._send_node({"type": "revoke", "revoke": {"original_message_id": bubble.id}})
