"""A phone: sends what people send, shows what it gets, and tells the business as much as its owner allows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from wipsie.testing.eventually import eventually
from wipsie.testing.simulators.whatsapp.graph.error_codes import described
from wipsie.testing.simulators.whatsapp.graph.errors import webhook_error
from wipsie.testing.simulators.whatsapp.graph.outgoing import Choice
from wipsie.testing.simulators.whatsapp.media_store import FileTooLarge, StoredFile
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble, Chat
from wipsie.testing.simulators.whatsapp.phones.identity import Identity
from wipsie.testing.simulators.whatsapp.phones.line import Line
from wipsie.testing.simulators.whatsapp.phones.numbers import check_number
from wipsie.testing.simulators.whatsapp.phones.sent_file import SentFile, file_bubble, file_node
from wipsie.testing.simulators.whatsapp.phones.system_events import (
    identity_changed,
    number_changed,
    number_changed_before_user_ids,
    user_id_changed,
)
from wipsie.testing.simulators.whatsapp.phones.taps import tap_node

TEXT_MAX = 65_536
"""Characters a person can send; far more than a business may."""
CAPTION_MAX = 1024
IMAGES_MAX = 100
_USERNAME = re.compile(r"[a-z0-9._]{3,35}")

Content = bytes | Path
Message = Bubble | str
"""A bubble, or the id of one."""


class PhoneIsOff(RuntimeError):
    """It sends nothing until it is switched on."""


class Phone:
    """One user. What it sends is on its way when the call returns, and at the application a moment later.

    `is_on`, `chat_is_open` and `read_receipts` are changed by `switch_off`, `open_chat` and so on.
    """

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

    # What people send.

    async def send_text(
        self,
        text: str,
        *,
        quoting: Message | None = None,
        forwarded: bool = False,
        frequently_forwarded: bool = False,
    ) -> Bubble:
        """Words. `quoting`: the message it answers to."""
        if not 1 <= len(text) <= TEXT_MAX:
            raise ValueError(f"A text has 1 to {TEXT_MAX} characters.")
        node: dict[str, Any] = {"type": "text", "text": {"body": text}}
        context: dict[str, Any] = self._quote(quoting) or {}
        if forwarded:
            context["forwarded"] = True
        if frequently_forwarded:
            context["frequently_forwarded"] = True
        if context:
            node["context"] = context
        return self._send(
            node,
            Bubble(mine=True, kind="text", text=text, quoted_id=_id_of(quoting), forwarded=bool(forwarded)),
        )

    async def send_document(
        self,
        content: Content,
        *,
        filename: str | None = None,
        mime_type: str = "application/pdf",
        caption: str | None = None,
    ) -> Bubble:
        """A file as it is. Without `filename` a path gives its own; bytes have none then."""
        name = filename if filename is not None or isinstance(content, bytes) else content.name
        return await self._send_file(
            content, SentFile(kind="document", mime_type=mime_type, filename=name, caption=caption)
        )

    async def send_image(
        self, content: Content, *, mime_type: str = "image/jpeg", caption: str | None = None
    ) -> Bubble:
        """A photo; photos have no file name."""
        return await self._send_file(content, SentFile(kind="image", mime_type=mime_type, caption=caption))

    async def send_images(
        self,
        contents: Sequence[Content],
        *,
        mime_type: str = "image/jpeg",
        caption: str | None = None,
        gap_s: float = 0.3,
    ) -> list[str]:
        """Several photos chosen at once: as many messages, `gap_s` apart, nothing that ties them together, and the caption
        with the first alone. Returns their ids."""
        _check_burst(len(contents))
        files = [(await self._stored(content), mime_type) for content in contents]
        return self.send_stored_images(files, caption=caption, gap_s=gap_s)

    def send_stored_images(
        self, files: Sequence[tuple[StoredFile, str]], *, caption: str | None = None, gap_s: float = 0.3
    ) -> list[str]:
        """`send_images` of files the simulator holds already, each with its MIME type."""
        self._refuse_when_off()
        _check_burst(len(files))
        ids = [self._line.new_message_id(self.identity) for _ in files]
        for index, ((file, mime_type), message_id) in enumerate(zip(files, ids, strict=True)):
            sent = SentFile(kind="image", mime_type=mime_type, caption=caption if index == 0 else None)

            def send(file: StoredFile = file, sent: SentFile = sent, message_id: str = message_id) -> None:
                if self.is_on:
                    self.send_stored(file, sent, message_id=message_id)

            self._line.timetable.after(gap_s * index, send)
        return ids

    async def send_voice(self, content: Content, *, mime_type: str = "audio/ogg; codecs=opus") -> Bubble:
        """A voice note, recorded in the chat."""
        return await self._send_file(content, SentFile(kind="audio", mime_type=mime_type, is_voice=True))

    async def send_audio(self, content: Content, *, mime_type: str = "audio/mpeg") -> Bubble:
        """A sound file."""
        return await self._send_file(content, SentFile(kind="audio", mime_type=mime_type))

    async def send_video(self, content: Content, *, mime_type: str = "video/mp4", caption: str | None = None) -> Bubble:
        return await self._send_file(content, SentFile(kind="video", mime_type=mime_type, caption=caption))

    async def send_sticker(self, content: Content, *, animated: bool = False) -> Bubble:
        return await self._send_file(content, SentFile(kind="sticker", mime_type="image/webp", animated=animated))

    async def send_location(
        self, latitude: float, longitude: float, *, name: str | None = None, address: str | None = None
    ) -> Bubble:
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError("There is no such place.")
        place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
        place |= {key: value for key, value in (("name", name), ("address", address)) if value}
        bubble = Bubble(
            mine=True,
            kind="location",
            text="\n".join(filter(None, (name, address))),
            latitude=latitude,
            longitude=longitude,
        )
        return self._send({"type": "location", "location": place}, bubble)

    async def send_contact(self, name: str, number: str, *, origin: str | None = None) -> Bubble:
        """A card of somebody else; `number` in any form."""
        digits = "".join(filter(str.isdecimal, number))
        card = {
            "name": {"formatted_name": name, "first_name": name.split(maxsplit=1)[0] if name.split() else name},
            "phones": [{"phone": number, "wa_id": digits, "type": "CELL"}],
        }
        node: dict[str, Any] = {"type": "contacts", "contacts": [card]}
        if origin is not None:
            node["origin"] = origin
        return self._send(node, Bubble(mine=True, kind="contacts", text=f"{name}\n{number}"))

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

    async def send_order(self, catalog_id: str, items: Sequence[tuple[str, int, float]], *, text: str = "") -> Bubble:
        """Items of a catalogue: id, how many, price of one."""
        products = [
            {"product_retailer_id": item, "quantity": quantity, "item_price": price, "currency": "INR"}
            for item, quantity, price in items
        ]
        order = {"catalog_id": catalog_id, "text": text, "product_items": products}
        return self._send({"type": "order", "order": order}, Bubble(mine=True, kind="order", text=text))

    async def send_unsupported(self, kind: str | None = "poll_creation") -> Bubble:
        """Something the API has no form for: a poll, a pin, a GIF. None: it does not even say what."""
        node: dict[str, Any] = {"type": "unsupported"}
        if kind is not None:
            node["unsupported"] = {"type": kind}
        node["errors"] = [{**webhook_error(131051), "title": "Message type unknown", "message": "Message type unknown"}]
        return self._send(node, Bubble(mine=True, kind="unsupported", text=kind or "unsupported"))

    async def send_oversize(self, filename: str = "scan.pdf") -> Bubble:
        """A file above 100 MB: the business gets an error in place of the file."""
        details = f"{described(131052).details} It has more than 100 MB."
        node = {"type": "unsupported", "errors": [webhook_error(131052, details)]}
        return self._send(node, Bubble(mine=True, kind="oversize", text=filename))

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

    # What people do with their phones.

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

    def take_username(self, username: str | None) -> None:
        """From now on the number is hidden, but for those who know it; None gives the name back."""
        if username is not None and _USERNAME.fullmatch(username) is None:
            raise ValueError("A username has 3 to 35 of a-z, 0-9, dot and underscore.")
        self.identity.username = username
        self._line.changed(self.key)

    async def change_number(self, number: str, *, older_form: bool = False) -> None:
        """Move to a new number: the user id is a new one too. `older_form`: as it was told before user ids."""
        before, now_ms = self.identity, self._line.clock.now_ms()
        self.identity = msgspec.structs.replace(
            before, number=check_number(number), user_id=self._line.new_user_id(before.country)
        )
        if before.number_at(now_ms) is None:
            # A business that does not know the number learns only that the user id is another.
            self._tell(user_id_changed(before, self.identity))
        elif older_form:
            self._tell(number_changed_before_user_ids(before, self.identity))
        else:
            self._tell(number_changed(before, self.identity))

    async def change_user_id(self) -> None:
        """The user id alone becomes another one."""
        before = self.identity
        self.identity = msgspec.structs.replace(before, user_id=self._line.new_user_id(before.country))
        self._tell(user_id_changed(before, self.identity))

    async def reinstall(self, key_hash: str = "DF2lS5v2W6x=") -> None:
        """Install the app anew: the keys of the chat are others, and the business is told so."""
        self._tell(identity_changed(self.identity, key_hash, now_ms=self._line.clock.now_ms()), with_sender=True)

    # What tests wait for.

    async def wait_for(self, predicate: Callable[[Bubble], Any], timeout_s: float = 5.0) -> Bubble:
        """The first message of the business that fits, waiting for it in real time. AssertionError with what there is when
        none comes."""
        try:
            bubble = await eventually(lambda: next((one for one in self.received if predicate(one)), None), timeout_s)
        except AssertionError:
            raise AssertionError(f"no such message came within {timeout_s:g} s; {self._shown()}") from None
        assert bubble is not None
        return bubble

    async def expect(
        self, text: str = "", *, kind: str | None = None, after: Message | None = None, timeout_s: float = 5.0
    ) -> Bubble:
        """As `wait_for`: a message with `text` in its header or body, of `kind` if given. It looks only at what came after
        the last message this person sent, or after the message `after`, so that an old answer is not taken for a new one."""

        def found() -> Bubble | None:
            for bubble in self.chat.after(after if isinstance(after, str) or after is None else after.id):
                words = f"{bubble.header or ''}\n{bubble.text}".lower()
                if not bubble.mine and text.lower() in words and kind in (None, bubble.kind):
                    return bubble
            return None

        try:
            bubble = await eventually(found, timeout_s)
        except AssertionError:
            raise AssertionError(f"no message with {text!r} came within {timeout_s:g} s; {self._shown()}") from None
        assert bubble is not None
        return bubble

    def _shown(self) -> str:
        shown = [
            f"{'> ' if bubble.mine else ''}{bubble.kind}: {bubble.text[:60]}" for bubble in self.chat.bubbles[-10:]
        ]
        return "the phone shows:" + "".join(f"\n  {line}" for line in shown or ["nothing"])

    # What the network brings.

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

    def _tell(self, node: dict[str, Any], *, with_sender: bool = False) -> None:
        named = {**node, "id": self._line.new_message_id(self.identity)}
        self._line.message(self.key, self.identity, named, is_system=not with_sender)
        self._line.changed(self.key)

    async def _send_file(self, content: Content, sent: SentFile) -> Bubble:
        _check_caption(sent.caption)
        self._refuse_when_off()
        try:
            file = await self._stored(content)
        except FileTooLarge:
            return await self.send_oversize(sent.filename or sent.kind)
        return self.send_stored(file, sent)

    async def _stored(self, content: Content) -> StoredFile:
        return await asyncio.to_thread(self._line.store, content)

    def send_stored(self, file: StoredFile, sent: SentFile, *, message_id: str = "") -> Bubble:
        """A file the simulator holds already. `message_id`: when it was given one before."""
        self._refuse_when_off()
        _check_caption(sent.caption)
        medium, address = self._line.announce(file, mime_type=sent.mime_type, filename=sent.filename)
        bubble = file_bubble(sent, medium, file)
        bubble.id = message_id
        return self._send(file_node(sent, medium, address), bubble)

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


def _check_caption(caption: str | None) -> None:
    if caption is not None and len(caption) > CAPTION_MAX:
        raise ValueError(f"A caption has at most {CAPTION_MAX} characters.")


def _check_burst(count: int) -> None:
    if not 1 <= count <= IMAGES_MAX:
        raise ValueError(f"1 to {IMAGES_MAX} images go at once.")


def _id_of(message: Message | None) -> str | None:
    return message.id if isinstance(message, Bubble) else message
