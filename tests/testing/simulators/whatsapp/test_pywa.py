"""An independent client of the Cloud API, pywa, sends to the simulator and reads its webhooks: every kind it knows must do.

pywa knows one host and reads the first update of a body only, so calls are led to the simulator and updates come one by one.
Two things it cannot read: a failure without `contacts`, and a changed user id without a number (it wants the old number).
"""

# pyright: reportPrivateImportUsage=false
# pywa does not say which of the names its packages offer it means to offer.

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pywa import WhatsApp, errors, handlers, types

from wipsie.testing.simulators.whatsapp import Behaviour, Template, WhatsAppSimulator

if TYPE_CHECKING:
    from conftest import Receiver
    from wipsie.testing.simulators.whatsapp import Phone

NUMBER = "15550100123"
PDF = b"%PDF-1.7\n%%EOF"
JPEG = b"\xff\xd8\xff\xe0 not really"
HANDLERS = (
    handlers.MessageHandler,
    handlers.MessageStatusHandler,
    handlers.CallbackButtonHandler,
    handlers.CallbackSelectionHandler,
    handlers.PhoneNumberChangeHandler,
    handlers.IdentityChangeHandler,
    handlers.EditedMessageHandler,
    handlers.DeletedMessageHandler,
)


class _Redirected(httpx.HTTPTransport):
    """Only the host is another."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = httpx.URL(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme=self._url.scheme, host=self._url.host, port=self._url.port)
        request.headers["Host"] = f"{self._url.host}:{self._url.port}"
        return super().handle_request(request)


class Client:
    """pywa, with what it made of the webhooks that came."""

    def __init__(self, simulator: WhatsAppSimulator, receiver: Receiver, session: httpx.Client) -> None:
        self._simulator = simulator
        self._receiver = receiver
        self._read = 0
        self.updates: list[Any] = []
        self.whatsapp = WhatsApp(
            phone_id=simulator.account.phone_number_id,
            token=simulator.account.access_token,
            app_secret=simulator.account.app_secret,
            waba_id=simulator.account.account_id,
            session=session,
            server=None,
        )
        self.whatsapp.add_handlers(*(kind(self._keep) for kind in HANDLERS))

    def _keep(self, _client: WhatsApp, update: Any) -> None:
        self.updates.append(update)

    async def calls(self, name: str, *arguments: Any, **options: Any) -> Any:
        """A method of pywa, which blocks, so in a thread."""
        return await asyncio.to_thread(getattr(self.whatsapp, name), *arguments, **options)

    async def reads(self) -> list[Any]:
        """What it makes of the webhooks that came since it read last."""
        await self._simulator.settled()
        before = len(self.updates)
        for came in self._receiver.received[self._read :]:
            header = came.headers["x-hub-signature-256"]
            assert self.whatsapp.webhook_update_validator(came.body, header) is None
            assert self.whatsapp.webhook_update_handler(came.body) == ("ok", 200)
        self._read = len(self._receiver.received)
        return self.updates[before:]


@pytest.fixture
def client(simulator: WhatsAppSimulator, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> Iterator[Client]:
    with httpx.Client(transport=_Redirected(simulator.graph_url), timeout=10) as session:
        yield Client(simulator, receiver, session)
    # It only logs what it cannot read.
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.fixture
async def phone(simulator: WhatsAppSimulator, client: Client) -> Phone:
    phone = simulator.phone("Asha Example", number=NUMBER)
    await phone.send_text("hello")
    await client.reads()
    return phone


async def test_it_reads_every_kind_of_message(client: Client, phone: Phone) -> None:
    first = await phone.send_text("LIST")
    await phone.send_text("that one", quoting=first)
    await phone.send_text("news", forwarded=True, frequently_forwarded=True)
    await phone.send_document(PDF, filename="CBC Nov 2025.pdf", caption="Blood test")
    await phone.send_image(JPEG, caption="page 1")
    await phone.send_video(b"\0\0\0\0ftyp", caption="moving")
    await phone.send_voice(b"OggS")
    await phone.send_audio(b"ID3")
    await phone.send_sticker(b"RIFF", animated=True)
    await phone.send_location(18.52, 73.85, name="Clinic", address="14 Canal Road")
    await phone.send_contact("Dr Sample", "+1 555-010-0199")
    await phone.send_order("catalogue", [("item", 2, 4.5)], text="please")
    await phone.send_unsupported()
    await phone.send_oversize()
    updates = await client.reads()
    assert [type(update) for update in updates] == [types.Message] * 14
    text, quoting, forwarded, document, image, video, voice, audio, sticker, place, card, order, poll, large = updates
    assert (text.id, text.text, text.from_user.wa_id, text.from_user.bsuid) == (first.id, "LIST", NUMBER, phone.user_id)
    assert text.timestamp.timestamp() == 1_795_300_000
    assert quoting.reply_to_message.id == first.id
    assert (forwarded.forwarded, forwarded.forwarded_many_times) == (True, True)
    assert (document.document.filename, document.document.mime_type) == ("CBC Nov 2025.pdf", "application/pdf")
    assert (document.caption, image.caption, video.caption) == ("Blood test", "page 1", "moving")
    assert (voice.audio.voice, audio.audio.voice, sticker.sticker.animated) == (True, False, True)
    assert (place.location.latitude, place.location.name) == (18.52, "Clinic")
    assert card.contacts[0].name.formatted_name == "Dr Sample"
    assert order.order.products[0].quantity == 2
    assert poll.type == types.MessageType.UNSUPPORTED
    assert [(type(one.error), one.error.code) for one in (poll, large)] == [
        (errors.UnsupportedMessageType, 131051),
        (errors.MediaDownloadError, 131052),
    ]


async def test_it_reads_reactions_edits_and_deletions(client: Client, phone: Phone) -> None:
    sent = await client.calls("send_message", NUMBER, "Hello")
    bubble = await phone.expect("Hello")
    await phone.react(bubble, "👍")
    await phone.react(bubble, None)
    mine = await phone.send_text("LIsT")
    await phone.edit(mine, "LIST")
    await phone.revoke(mine)
    updates = [update for update in await client.reads() if not isinstance(update, types.MessageStatus)]
    put, taken, _, edited, deleted = updates
    assert (put.reaction.message_id, put.reaction.emoji) == (sent.id, "👍")
    assert taken.reaction.is_removed
    assert isinstance(edited, types.EditedMessage)
    assert (edited.original_message_id, edited.message.text) == (mine.id, "LIST")
    assert isinstance(deleted, types.DeletedMessage)
    assert deleted.original_message_id == mine.id


async def test_it_reads_taps_on_its_own_buttons_lists_and_templates(
    client: Client, simulator: WhatsAppSimulator, phone: Phone
) -> None:
    buttons = [types.Button("Save", "s:7f3a:save"), types.Button("Change", "s:7f3a:edit")]
    card = await client.calls(
        "send_message", NUMBER, "3 Nov 2025", "Check the details", "Reply CANCEL to stop", buttons
    )
    await phone.expect("Check the details")
    await phone.tap("Save")
    rows = [types.SectionRow("Blood test", "type:blood", "CBC, sugar, lipids"), types.SectionRow("Imaging", "type:img")]
    sheet = types.SectionList("Choose", [types.Section("Common", rows)])
    await client.calls("send_message", NUMBER, "What kind of report is it?", buttons=sheet)
    await phone.expect("What kind")
    await phone.tap("Blood test")
    simulator.templates.add(Template(name="upload_reminder", body="A report waits.", quick_replies=("Resume",)))
    await client.calls("send_template", NUMBER, "upload_reminder", types.templates.TemplateLanguage.ENGLISH_US, [])
    await phone.expect("A report waits.")
    await phone.tap("Resume")
    tapped = [update for update in await client.reads() if not isinstance(update, types.MessageStatus)]
    assert [type(update) for update in tapped] == [types.CallbackButton, types.CallbackSelection, types.CallbackButton]
    button, row, reply = tapped
    assert (button.data, button.title, button.reply_to_message.id) == ("s:7f3a:save", "Save", card.id)
    assert (row.data, row.title, row.description) == ("type:blood", "Blood test", "CBC, sugar, lipids")
    assert (reply.data, reply.title) == ("Resume", "Resume")


@pytest.mark.parametrize("behaviour", [Behaviour(failed_contacts="number")], ids=["contacts of failures"])
async def test_it_reads_every_status(client: Client, simulator: WhatsAppSimulator, phone: Phone) -> None:
    sent = await client.calls("send_message", NUMBER, "Hello", tracker="outbox:91")
    phone.open_chat()
    phone.close_chat()
    simulator.faults.fail_later(131047)
    refused = await client.calls("send_message", NUMBER, "again")
    voice = await client.calls("send_voice", NUMBER, b"OggS", mime_type="audio/ogg")
    phone.play(voice.id)
    # Only those of one message come in order: different messages travel side by side.
    statuses: dict[str, list[Any]] = {}
    for update in await client.reads():
        statuses.setdefault(update.id, []).append(update)
    kinds = types.MessageStatusType
    assert {message: [update.status for update in updates] for message, updates in statuses.items()} == {
        sent.id: [kinds.SENT, kinds.DELIVERED, kinds.READ],
        refused.id: [kinds.FAILED],
        voice.id: [kinds.SENT, kinds.DELIVERED, kinds.PLAYED],
    }
    first = statuses[sent.id]
    assert {update.tracker for update in first} == {"outbox:91"}
    assert first[0].pricing.billable is False
    assert first[0].from_user.bsuid == phone.user_id
    assert type(statuses[refused.id][0].error) is errors.ReEngagementMessage


async def test_it_reads_who_people_are_and_become(client: Client, simulator: WhatsAppSimulator, phone: Phone) -> None:
    lia = simulator.phone("Lia Test", username="lia.test")
    await lia.send_text("hello")
    [hidden] = await client.reads()
    await phone.change_number("15550100777")
    await phone.reinstall()
    moved, keys = await client.reads()
    assert (hidden.from_user.wa_id, hidden.from_user.bsuid, hidden.from_user.username) == (
        None,
        lia.user_id,
        "lia.test",
    )
    assert isinstance(moved, types.PhoneNumberChange)
    assert (moved.old_wa_id, moved.new_wa_id, moved.new_user_id) == (NUMBER, "15550100777", phone.user_id)
    assert isinstance(keys, types.IdentityChange)
    await client.calls("send_message", lia.user_id, "Hello Lia")
    await lia.expect("Hello Lia")


async def test_it_sends_every_kind_of_message(client: Client, phone: Phone) -> None:
    mine = phone.chat.mine[0]
    await client.calls("send_message", NUMBER, "Saved as report 12.", reply_to_message_id=mine.id, preview_url=False)
    await client.calls("send_document", NUMBER, PDF, "report-12.pdf", "Report 12", mime_type="application/pdf")
    await client.calls("send_image", NUMBER, JPEG, "Report 13", mime_type="image/jpeg")
    await client.calls("send_video", NUMBER, b"\0\0\0\x18ftypmp42", "moving", mime_type="video/mp4")
    await client.calls("send_audio", NUMBER, b"ID3", mime_type="audio/mpeg")
    await client.calls("send_sticker", NUMBER, b"RIFF\0\0\0\0WEBPVP8 ", mime_type="image/webp")
    await client.calls("send_location", NUMBER, 18.52, 73.85, "Clinic", "14 Canal Road")
    await client.calls("request_location", NUMBER, "Where are you?")
    await client.calls("request_contact_info", NUMBER, "Your number, please")
    card = types.Contact(types.Contact.Name("Dr Sample", "Dr"), phones=[types.Contact.Phone("+15550100199", "CELL")])
    await client.calls("send_contact", NUMBER, card)
    await client.calls("send_message", NUMBER, "Open", buttons=types.URLButton("Open", "https://example.com"))
    await client.calls("send_reaction", NUMBER, "👍", mine.id)
    assert [bubble.kind for bubble in phone.received] == [
        *("text", "document", "image", "video", "audio", "sticker", "location"),
        *("location_request_message", "request_contact_info", "contacts", "cta_url"),
    ]
    assert phone.received[0].quoted_id == mine.id
    assert mine.their_reaction == "👍"
    await client.calls("remove_reaction", NUMBER, mine.id)
    assert not mine.their_reaction


async def test_it_marks_as_read_and_types(client: Client, phone: Phone) -> None:
    [mine] = phone.chat.mine
    assert await client.calls("mark_message_as_read", mine.id)
    assert (mine.ticks, phone.is_typing) == ("read", False)
    assert await client.calls("indicate_typing", mine.id)
    assert phone.is_typing


async def test_it_fetches_and_deletes_files(client: Client, phone: Phone) -> None:
    await phone.send_document(PDF, filename="report.pdf")
    [message] = await client.reads()
    address = await client.calls("get_media_url", message.document.id)
    assert (address.mime_type, int(address.file_size)) == ("application/pdf", len(PDF))
    assert await client.calls("get_media_bytes", url=address.url) == PDF
    assert await client.calls("delete_media", message.document.id)
    with pytest.raises(errors.WhatsAppError) as caught:
        await client.calls("get_media_url", message.document.id)
    assert (caught.value.code, caught.value.subcode) == (100, 33)


@pytest.mark.parametrize("code", [4, 80007, 130429, 131000, 131008, 131009, 131016, 131026, 131031, 131042, 131047,
                                  131048, 131051, 131053, 131056, 131057, 132001, 190, 368])  # fmt: skip
async def test_it_raises_the_error_of_each_code(
    client: Client, simulator: WhatsAppSimulator, phone: Phone, code: int
) -> None:
    simulator.faults.error(code, details="as asked")
    with pytest.raises(errors.WhatsAppError) as caught:
        await client.calls("send_message", NUMBER, "Hello")
    assert (caught.value.code, caught.value.details) == (code, "as asked")
    assert type(caught.value) is not errors.WhatsAppError
