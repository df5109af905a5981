"""Between the business and the phones: who gets what, when, and what the business is told of it.

accepted ─► sent ─┬─► delivered ─► read        the chat was closed
                  ├─► read                     the chat was open (without read receipts: delivered)
                  ├─► waiting ─► …             the phone is off; lost after 30 days, silently
                  └─► failed                   nobody there, window closed, or a fault
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wipsie.kernel.clock import utc_datetime
from wipsie.testing.simulators.whatsapp.faults import Faults
from wipsie.testing.simulators.whatsapp.file_kinds import SENDABLE, plain_type, problem_of
from wipsie.testing.simulators.whatsapp.graph.errors import GraphError, no_such_object
from wipsie.testing.simulators.whatsapp.graph.fields import invalid
from wipsie.testing.simulators.whatsapp.graph.limits import Limits
from wipsie.testing.simulators.whatsapp.graph.outgoing import Outgoing, Receipt
from wipsie.testing.simulators.whatsapp.identifiers import Identifiers
from wipsie.testing.simulators.whatsapp.live import Live
from wipsie.testing.simulators.whatsapp.media_store import MediaStore, Medium, StoredFile
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble, BubbleFile
from wipsie.testing.simulators.whatsapp.phones.identity import Identity
from wipsie.testing.simulators.whatsapp.phones.phone import Phone
from wipsie.testing.simulators.whatsapp.phones.phone_book import Phones
from wipsie.testing.simulators.whatsapp.sent_messages import SentMessage, SentMessages
from wipsie.testing.simulators.whatsapp.settings import Account, Behaviour, Bounds
from wipsie.testing.simulators.whatsapp.statuses import failed_update, status_update
from wipsie.testing.simulators.whatsapp.timetable import Timetable
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock
from wipsie.testing.simulators.whatsapp.webhook.deliveries import Deliveries
from wipsie.testing.simulators.whatsapp.webhook.envelope import Update
from wipsie.testing.simulators.whatsapp.webhook.gathering import Gathering, TooMuchWaiting

_TEMPLATE_CATEGORIES = ("utility", "marketing", "authentication")
_LINK_CACHE_MS = 10 * 60 * 1000
_LINKS_MAX = 200


class LinkedFile:
    """What a link led to: a file, or why there is none."""

    def __init__(self, problem: str = "", file: StoredFile | None = None, mime_type: str = "") -> None:
        self.problem = problem
        self.file = file
        self.mime_type = mime_type


class Network:
    """Fulfils `phones.line.Line` for the phones and takes what the Graph side was asked to do."""

    def __init__(
        self,
        *,
        account: Account,
        behaviour: Behaviour,
        bounds: Bounds,
        clock: VirtualClock,
        timetable: Timetable,
        identifiers: Identifiers,
        faults: Faults,
        media: MediaStore,
        live: Live,
    ) -> None:
        self._account = account
        self._behaviour = behaviour
        self._clock = clock
        self._timetable = timetable
        self._identifiers = identifiers
        self._faults = faults
        self._media = media
        self._live = live
        self._gathering: Gathering | None = None
        self._deliveries: Deliveries | None = None
        self._base_url = ""
        self._links: dict[str, tuple[int, LinkedFile]] = {}
        self._free_sent: dict[str, int] = {}
        self.statuses_dropped = 0
        """Because too many webhooks wait already."""
        self.limits = Limits(behaviour)
        self.sent = SentMessages(limit=bounds.sent_messages)
        self.phones = Phones(self, limit=bounds.phones, bubbles=bounds.bubbles, changed=lambda: live.tell("phones"))

    def connect(self, gathering: Gathering, deliveries: Deliveries, base_url: str) -> None:
        """Once everything is there."""
        self._gathering = gathering
        self._deliveries = deliveries
        self._base_url = base_url

    # What phones need (Line).

    @property
    def clock(self) -> VirtualClock:
        return self._clock

    @property
    def timetable(self) -> Timetable:
        return self._timetable

    @property
    def business_number(self) -> str:
        return self._account.display_number

    def new_message_id(self, identity: Identity) -> str:
        shown = identity.number_at(self._clock.now_ms())
        return self._identifiers.message_id(shown or identity.user_id, incoming=True)

    def new_user_id(self, country: str) -> str:
        return self._identifiers.user_id(country)

    def store(self, content: bytes | Path) -> StoredFile:
        return self._media.store(content)

    def announce(self, file: StoredFile, *, mime_type: str, filename: str | None) -> tuple[Medium, str | None]:
        wrong_hash = self._faults.take("wrong_hash")
        wrong_size = self._faults.take("wrong_size")
        medium = self._media.announce(
            file,
            mime_type=mime_type,
            filename=filename,
            origin="webhook",
            sha256=bytes(byte ^ 0xFF for byte in file.sha256) if wrong_hash is not None else None,
            size=file.size_bytes + 1 if wrong_size is not None else None,
        )
        if not self._behaviour.media_url_in_webhook:
            return medium, None
        return medium, self._media.address(self._base_url, medium, source="webhook")

    def message(self, phone_key: str, identity: Identity, node: dict[str, Any], *, is_system: bool = False) -> None:
        now_ms = self._clock.now_ms()
        self.limits.received(now_ms)
        # The keys in the order Meta writes them: who quoted whom, from whom, which, when, what.
        context = {"context": node["context"]} if "context" in node else {}
        sender = {"from": node["from"]} if "from" in node else {}
        if not is_system:
            sender = identity.sender(now_ms)
        rest = {key: value for key, value in node.items() if key not in ("context", "from", "id")}
        full = {**context, **sender, "id": node["id"], "timestamp": str(now_ms // 1000), **rest}
        contact = None if is_system else identity.contact(now_ms)
        self._publish(Update(kind="messages", node=full, contact=contact, phone=phone_key, order=phone_key))

    def status(self, message_id: str, status: str) -> None:
        message = self.sent.find(message_id)
        phone = self._phone_of(message) if message is not None else None
        if message is None or phone is None:
            return
        now_ms = self._clock.now_ms()
        if status in ("delivered", "read"):
            message.state = "read" if status == "read" else "delivered"
        if status == "delivered" and self._faults.take("skip_delivered", users=_users(phone)) is not None:
            return
        update = status_update(message, status, phone.identity, now_ms=now_ms, phone=phone.key)
        late = self._faults.peek("late_status")
        if late is not None and late.status == status:
            self._faults.spend(late)
            self._timetable.after(late.seconds, lambda: self._publish_status(update))
            return
        self._publish_status(update)

    def switched_on(self, phone_key: str) -> None:
        for message in self.sent.waiting_for(phone_key):
            self._deliver(message)

    def changed(self, phone_key: str) -> None:
        self._live.tell(f"chat:{phone_key}")

    # What the Graph side was asked to do.

    def check_send(self, outgoing: Outgoing) -> SentMessage:
        """All that is refused at once. The message it returns has an id, and nothing happened to it yet. GraphError."""
        if outgoing.to == self._account.display_number:
            raise GraphError(131021)
        allowed = self._behaviour.allowed_recipients
        if allowed is not None and outgoing.to not in allowed:
            raise GraphError(131030)
        self._check_media(outgoing)
        phone = self._find(outgoing)
        if not self._window_is_open(outgoing, phone) and self._behaviour.window_error == "response":
            raise GraphError(131047)
        if self._gathering is not None and self._deliveries is not None and self._is_full():
            raise GraphError(131016, "Too many webhooks wait for the callback.")
        self.limits.send(outgoing.to or outgoing.recipient or "", self._clock.now_ms())
        message = SentMessage(
            id=self._identifiers.message_id(outgoing.to or outgoing.recipient or "", incoming=False),
            outgoing=outgoing,
            phone=phone.key if phone is not None else None,
            at_ms=self._clock.now_ms(),
            is_free=self._is_free(outgoing),
        )
        self.sent.add(message)
        return message

    def send(self, message: SentMessage, linked: LinkedFile | None) -> None:
        """On its way. `linked`: what its link led to, when it has one."""
        outgoing = message.outgoing
        phone = self._phone_of(message)
        planned = self._faults.take("fail_later", users=(outgoing.to, outgoing.recipient, *_users(phone)))
        if planned is not None:
            self._fail_later(message, planned.code or 131000, planned.details or "")
        elif phone is None:
            self._fail_later(message, 131026, "")
        elif not self._window_is_open(outgoing, phone):
            self._fail_later(message, 131047, "")
        elif linked is not None and linked.problem:
            self._fail_later(message, 131053, linked.problem)
        else:
            self._timetable.after(self._behaviour.sent_after_s, lambda: self._left(message))

    def answer_to(self, message: SentMessage) -> dict[str, Any]:
        """What the call is answered with: accepted, which is not delivered."""
        outgoing = message.outgoing
        contact: dict[str, Any] = {"input": outgoing.to_as_given}
        contact |= {"wa_id": outgoing.to} if outgoing.to is not None else {"user_id": outgoing.recipient}
        sent: dict[str, Any] = {"id": message.id}
        if outgoing.template is not None:
            sent["message_status"] = "accepted"
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]}

    def receipt(self, receipt: Receipt) -> None:
        """The message and all before it become read; typing shows for 25 s. GraphError."""
        now_ms = self._clock.now_ms()
        for phone in self.phones:
            bubble = phone.chat.find(receipt.message_id)
            if bubble is None or not bubble.mine:
                continue
            if bubble.at_ms < now_ms - self._behaviour.message_life_s * 1000:
                raise invalid("message_id", "the message is older than 30 days.")
            for earlier in phone.chat.mine:
                if earlier.ticks in ("sent", "delivered"):
                    earlier.ticks = "read"
                if earlier.id == bubble.id:
                    break
            if receipt.typing:
                until_ms = now_ms + round(self._behaviour.typing_s * 1000)
                phone.chat.typing_until_ms = until_ms
                self._timetable.at(until_ms, lambda key=phone.key: self.changed(key))
            self.changed(phone.key)
            return
        raise invalid("message_id", "there is no such message.")

    def acknowledged(self, updates: list[Update]) -> None:
        """The application took a webhook: its messages get their second tick."""
        for update in updates:
            phone = self.phones.get(update.phone or "") if update.kind == "messages" else None
            bubble = phone.chat.find(update.node["id"]) if phone is not None else None
            if phone is not None and bubble is not None and bubble.ticks == "sent":
                bubble.ticks = "delivered"
                self.changed(phone.key)

    def report(self, error: dict[str, Any]) -> None:
        """Trouble of the account or the platform: `errors[]` without a message."""
        self._publish(Update(kind="errors", node=error, contact=None, phone=None, order="account"))

    def linked(self, url: str) -> LinkedFile | None:
        """What was fetched from there in the last ten minutes."""
        known = self._links.get(url)
        return known[1] if known is not None and known[0] > self._clock.now_ms() - _LINK_CACHE_MS else None

    def remember_link(self, url: str, linked: LinkedFile) -> None:
        while len(self._links) >= _LINKS_MAX:
            del self._links[next(iter(self._links))]
        self._links[url] = (self._clock.now_ms(), linked)

    def checked_link(self, content: bytes, mime_type: str) -> LinkedFile:
        """A fetched file: whether it may be sent."""
        file = self._media.store(content)
        problem = problem_of(mime_type, file.size_bytes, file.head)
        return LinkedFile(problem=problem or "", file=file, mime_type=mime_type)

    # Inside.

    def _left(self, message: SentMessage) -> None:
        if message.state != "accepted":
            return
        message.state = "sent"
        self.status(message.id, "sent")
        self._timetable.after(self._behaviour.delivered_after_s, lambda: self._deliver(message))

    def _deliver(self, message: SentMessage) -> None:
        phone = self._phone_of(message)
        if phone is None or message.state not in ("sent", "waiting"):
            return
        now_ms = self._clock.now_ms()
        if message.at_ms + self._behaviour.message_life_s * 1000 < now_ms:
            message.state = "lost"
            return
        if not phone.is_on:
            message.state = "waiting"
            return
        phone.identity.exchanged(now_ms, by_number=message.outgoing.to is not None)
        if self._reacted(message, phone):
            return
        read_at_once = phone.show(self._bubble(message))
        self.status(message.id, "read" if read_at_once else "delivered")

    def _reacted(self, message: SentMessage, phone: Phone) -> bool:
        outgoing = message.outgoing
        if outgoing.reaction_to is None:
            return False
        # Of a reaction nothing more is told than that it was sent.
        bubble = phone.chat.find(outgoing.reaction_to)
        if bubble is not None:
            bubble.their_reaction = outgoing.reaction
            self.changed(phone.key)
        return True

    def _bubble(self, message: SentMessage) -> Bubble:
        outgoing = message.outgoing
        return Bubble(
            id=message.id,
            mine=False,
            kind=outgoing.kind,
            at_ms=self._clock.now_ms(),
            text=outgoing.text,
            header=outgoing.header,
            footer=outgoing.footer,
            file=self._bubble_file(outgoing),
            choices=outgoing.choices,
            list_button=outgoing.list_button,
            latitude=outgoing.latitude,
            longitude=outgoing.longitude,
            quoted_id=outgoing.quoted_id,
        )

    def _bubble_file(self, outgoing: Outgoing) -> BubbleFile | None:
        part = outgoing.media
        if part is None:
            return None
        medium = self._media.find(part.media_id) if part.media_id is not None else None
        linked = self.linked(part.link) if part.link is not None else None
        stored = medium.file if medium is not None else linked.file if linked is not None else None
        mime_type = medium.mime_type if medium is not None else linked.mime_type if linked is not None else ""
        return BubbleFile(
            kind=part.kind,
            mime_type=mime_type,
            filename=part.filename or (medium.filename if medium is not None and part.kind == "document" else None),
            size_bytes=stored.size_bytes if stored is not None else 0,
            media_id=part.media_id,
            link=part.link,
            is_voice=part.is_voice,
            stored=stored,
        )

    def _check_media(self, outgoing: Outgoing) -> None:
        part = outgoing.media
        if part is None or part.media_id is None:
            return
        medium = self._media.find(part.media_id)
        if medium is None:
            raise no_such_object(part.media_id)
        kind = SENDABLE.get(plain_type(medium.mime_type))
        if kind is None or part.kind not in (kind.kind, "document"):
            raise GraphError(131053, f"A file of type {medium.mime_type} cannot be sent as {part.kind}.")

    def _fail_later(self, message: SentMessage, code: int, details: str) -> None:
        def fail() -> None:
            message.state = "failed"
            phone = self._phone_of(message)
            update = failed_update(
                message,
                code,
                details,
                now_ms=self._clock.now_ms(),
                behaviour=self._behaviour,
                identity=phone.identity if phone is not None else None,
            )
            self._publish_status(update)

        self._timetable.after(self._behaviour.sent_after_s, fail)

    def _publish(self, update: Update) -> None:
        assert self._gathering is not None, "the simulator is not started"
        self._gathering.publish(update)

    def _publish_status(self, update: Update) -> None:
        try:
            self._publish(update)
        except TooMuchWaiting:
            # Nobody is there to be told; phones that send get the error themselves.
            self.statuses_dropped += 1

    def _is_full(self) -> bool:
        assert self._gathering is not None
        assert self._deliveries is not None
        return self._deliveries.is_full or self._gathering.is_full

    def _find(self, outgoing: Outgoing) -> Phone | None:
        if outgoing.to is not None:
            return self.phones.with_number(outgoing.to)
        return self.phones.with_user_id(outgoing.recipient or "")

    def _phone_of(self, message: SentMessage | None) -> Phone | None:
        return self.phones.get(message.phone) if message is not None and message.phone is not None else None

    def _window_is_open(self, outgoing: Outgoing, phone: Phone | None) -> bool:
        if outgoing.template is not None or phone is None:
            return True
        last_ms = phone.last_message_ms
        return last_ms is not None and self._clock.now_ms() < last_ms + self._behaviour.window_s * 1000

    def _is_free(self, outgoing: Outgoing) -> bool:
        if outgoing.category in _TEMPLATE_CATEGORIES:
            return False
        month = utc_datetime(self._clock.now_ms()).strftime("%Y-%m")
        self._free_sent = {month: self._free_sent.get(month, 0) + 1}
        return month < "2026-10" or self._free_sent[month] <= self._behaviour.free_service_messages


def _users(phone: Phone | None) -> tuple[str | None, ...]:
    return (phone.number, phone.user_id) if phone is not None else ()
