"""Messages of users are read, kind by kind, as Meta and its older payloads write them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from webhook_samples import (
    ASHA,
    NUMBER_ID,
    SHA_BASE64,
    SHA_HEX,
    USER_ID,
    WA_ID,
    message,
    numbered,
    read,
    read_message,
    value,
    webhook,
)

from wipsie.slices.vault.domain.whatsapp.errors import ApiError
from wipsie.slices.vault.domain.whatsapp.updates import (
    ButtonTap,
    ContactCards,
    Content,
    Edited,
    IncomingMessage,
    ListTap,
    Location,
    Media,
    NotPassedOn,
    OtherContent,
    OurNumber,
    Reaction,
    Revoked,
    Sender,
    SystemChange,
    TemplateTap,
    Text,
    Unreadable,
    Unsupported,
    Update,
    read_updates,
)


def test_a_text_is_read_with_all_that_is_around_it() -> None:
    found = read_message(message("text", {"body": "LIST"}, context={"from": "15550177000", "id": "wamid.OUT"}))
    assert found == IncomingMessage(
        id="wamid.EXAMPLE",
        sender=Sender(user_id=USER_ID, wa_id=WA_ID, name="Asha Example"),
        content=Text(body="LIST"),
        number=OurNumber(phone_number_id=NUMBER_ID, display_number="15550177000", account_id="310000000000077"),
        sent_at_s=1795300000,
        quoted_id="wamid.OUT",
    )


PLACE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=970000000000201&hash=EXAMPLE"
CARD = {"name": {"formatted_name": "Dr Sample"}, "phones": [{"phone": "+1 555-010-0199", "wa_id": "15550100199"}]}
TOO_LARGE = {"code": 131052, "title": "Media download error", "error_data": {"details": "File too large."}}


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (
            message(
                "document",
                {
                    "caption": "Blood test",
                    "filename": "../CBC Nov 2025.pdf",
                    "mime_type": "application/pdf",
                    "sha256": SHA_BASE64,
                    "id": "970000000000201",
                    "url": PLACE,
                },
            ),
            Media(
                media="document",
                id="970000000000201",
                mime_type="application/pdf",
                sha256=SHA_HEX,
                caption="Blood test",
                file_name="../CBC Nov 2025.pdf",
                url=PLACE,
            ),
        ),
        (message("document", {"id": 970000000000201}), Media(media="document", id="970000000000201")),
        (
            message("image", {"mime_type": "image/jpeg", "sha256": SHA_HEX.upper(), "id": "2", "file_size": "303833"}),
            Media(media="image", id="2", mime_type="image/jpeg", sha256=SHA_HEX, size=303833),
        ),
        (
            message("audio", {"mime_type": "audio/ogg; codecs=opus", "id": "3", "voice": True, "file_size": 12}),
            Media(media="audio", id="3", mime_type="audio/ogg; codecs=opus", is_voice=True, size=12),
        ),
        (message("video", {"id": "4", "caption": ""}), Media(media="video", id="4")),
        (
            message("sticker", {"id": "5", "animated": True, "sha256": "no digest"}),
            Media(media="sticker", id="5", is_animated=True),
        ),
        (
            message("interactive", {"type": "button_reply", "button_reply": {"id": "d:7f3a:2:save", "title": "Save"}}),
            ButtonTap(id="d:7f3a:2:save", title="Save"),
        ),
        (
            message(
                "interactive",
                {"type": "list_reply", "list_reply": {"id": "r:3", "title": "3", "description": "Blood test"}},
            ),
            ListTap(id="r:3", title="3", description="Blood test"),
        ),
        (message("interactive", {"type": "nfm_reply", "nfm_reply": {}}), OtherContent(type="interactive nfm_reply")),
        (message("button", {"payload": "RESUME", "text": "Resume"}), TemplateTap(payload="RESUME", text="Resume")),
        (message("button", {"text": "Resume"}), TemplateTap(payload="Resume", text="Resume")),
        (message("reaction", {"message_id": "wamid.O", "emoji": "👍"}), Reaction(message_id="wamid.O", emoji="👍")),
        (message("reaction", {"message_id": "wamid.O"}), Reaction(message_id="wamid.O")),
        (message("reaction", {"message_id": "wamid.O", "emoji": ""}), Reaction(message_id="wamid.O")),
        (
            message("location", {"latitude": 18.52, "longitude": "73.85", "name": "Clinic"}),
            Location(latitude=18.52, longitude=73.85, name="Clinic"),
        ),
        (message("location", {"latitude": "north"}), Location()),
        (message("contacts", [CARD, CARD]), ContactCards(count=2)),
        (
            message("contacts", [{**CARD, "origin": "contact_request"}]),
            ContactCards(count=1, shared_number="15550100199"),
        ),
        (
            message("unsupported", {"type": "poll_creation"}, errors=[{"code": 131051, "title": "Unknown"}]),
            Unsupported(type="poll_creation", errors=(ApiError(code=131051, title="Unknown"),)),
        ),
        (message("unsupported"), Unsupported()),
        (message("", type=None), Unsupported()),
        (
            message("edit", {"original_message_id": "wamid.E", "message": {"type": "text", "text": {"body": "new"}}}),
            Edited(message_id="wamid.E", text="new"),
        ),
        (message("revoke", {"original_message_id": "wamid.E"}), Revoked(message_id="wamid.E")),
        (message("revoke", original_message_id="wamid.E"), Revoked(message_id="wamid.E")),
        (message("order", {"catalog_id": "1"}), OtherContent(type="order")),
        (message("hologram", {"id": "1"}), OtherContent(type="hologram")),
    ],
    ids=numbered(),
)
def test_every_kind_of_content_is_read(element: dict[str, Any], expected: Content) -> None:
    found = read_message(element)
    assert found.content == expected
    # What is queued comes back as it was.
    assert msgspec.json.decode(msgspec.json.encode(found), type=Update) == found


@pytest.mark.parametrize("kind", ["document", "unsupported"])
def test_a_file_that_was_too_large_is_told_as_such(kind: str) -> None:
    found = read_message(message(kind, errors=[TOO_LARGE])).content
    assert isinstance(found, Unsupported | NotPassedOn)
    assert found.is_file_too_large
    assert found.errors == (ApiError(code=131052, title="Media download error", details="File too large."),)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            {
                "body": "User changed from 15550100123 to 15550100777",
                "type": "user_changed_number",
                "wa_id": "15550100777",
                "user_id": "IN.59930011442260",
                "previous_user_id": USER_ID,
            },
            SystemChange(
                change="number",
                type="user_changed_number",
                new_wa_id="15550100777",
                new_user_id="IN.59930011442260",
                previous_user_id=USER_ID,
            ),
        ),
        (
            {"type": "customer_changed_number", "new_wa_id": "15550100777"},
            SystemChange(change="number", type="customer_changed_number", new_wa_id="15550100777"),
        ),
        (
            {"type": "customer_identity_changed", "identity": {"hash": "x"}},
            SystemChange(change="identity", type="customer_identity_changed"),
        ),
        ({"type": "something_new"}, SystemChange(change="other", type="something_new")),
    ],
    ids=numbered(),
)
def test_changes_of_who_a_user_is_are_read_in_all_spellings(node: dict[str, Any], expected: SystemChange) -> None:
    found = read_message(message("system", node, from_user_id=None), contacts=())
    assert (found.content, found.sender) == (expected, Sender(wa_id=WA_ID))


def test_a_changed_user_id_names_its_user_by_the_previous_one() -> None:
    node = {"type": "user_changed_user_id", "user_id": "IN.59930011442260", "previous_user_id": USER_ID}
    found = read_message(message("system", node, **{"from": None, "from_user_id": None}), contacts=())
    assert found.sender == Sender(user_id=USER_ID)
    assert found.content == SystemChange(
        change="user_id",
        type="user_changed_user_id",
        new_user_id="IN.59930011442260",
        previous_user_id=USER_ID,
    )


def test_who_shares_no_number_is_known_by_user_id() -> None:
    lia = {"profile": {"name": "Lia Test", "username": "lia.test"}, "user_id": "BR.77120055340918"}
    element = message("text", {"body": "hello"}, **{"from": None, "from_user_id": "BR.77120055340918"})
    found = read_message(element, contacts=[lia])
    assert found.sender == Sender(user_id="BR.77120055340918", name="Lia Test", username="lia.test")
    assert found.sender.key == "BR.77120055340918"


def test_contacts_are_matched_by_who_they_are_never_by_where_they_stand() -> None:
    ben = {"profile": {"name": "Ben"}, "wa_id": "15550100200", "user_id": "US.1"}
    lia = {"profile": {"name": "Lia"}, "user_id": "BR.2", "identity_key_hash": "abc="}
    elements = [
        message("text", {"body": "a"}, id="1", **{"from": None, "from_user_id": "BR.2"}),
        # An old payload: the user id stands in the contact alone.
        message("text", {"body": "b"}, id="2", **{"from": "15550100200", "from_user_id": None}),
        message("text", {"body": "c"}, id="3"),
        message("text", {"body": "d"}, id="4", **{"from": "15550100999", "from_user_id": None}),
    ]
    found = read_updates(webhook(value(elements, contacts=[ben, ASHA, "junk", lia])))
    senders = [one.sender for one in found if isinstance(one, IncomingMessage)]
    assert senders == [
        Sender(user_id="BR.2", name="Lia", identity_key_hash="abc="),
        Sender(user_id="US.1", wa_id="15550100200", name="Ben"),
        Sender(user_id=USER_ID, wa_id=WA_ID, name="Asha Example"),
        Sender(wa_id="15550100999"),
    ]


@pytest.mark.parametrize("context", [{"forwarded": True}, {"frequently_forwarded": True, "id": "wamid.O"}])
def test_forwarded_messages_are_marked(context: dict[str, Any]) -> None:
    assert read_message(message("text", {"body": "a"}, context=context)).is_forwarded


def test_a_message_of_a_group_says_so() -> None:
    assert read_message(message("text", {"body": "a"}, group_id="G1")).group_id == "G1"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("1795300000", 1795300000), (1795300000, 1795300000), ("1795300000123", 1795300000), ("soon", None), (True, None)],
    ids=numbered(),
)
def test_moments_are_read_as_they_are_written(written: object, expected: int | None) -> None:
    assert read_message(message("text", {"body": "a"}, timestamp=written)).sent_at_s == expected


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (message("text", {"body": "a"}, id=None), "the message has no id"),
        (message("text", {"body": "a"}, id="with blank"), "the message has no id"),
        (message("text", {"body": "a"}, id="w" * 600), "the message has no id"),
        (message("text", {"body": "a"}, **{"from": None, "from_user_id": None}), "the message has no sender"),
        (message("text"), "the text has no body"),
        (message("text", {"body": 5}), "the text has no body"),
        (message("image", {"mime_type": "image/jpeg"}), "the file has no id"),
        (message("interactive", {"type": "button_reply"}), "the tapped choice has no id"),
    ],
    ids=numbered(),
)
def test_what_cannot_be_read_says_why_and_where(element: dict[str, Any], reason: str) -> None:
    found = read(element)
    assert isinstance(found, Unreadable)
    assert (found.where, found.reason) == ("entry[0].changes[0].value.messages[0]", reason)
    assert found.number.phone_number_id == NUMBER_ID


def test_texts_no_database_takes_are_mended_and_long_ones_cut() -> None:
    found = read_message(message("text", {"body": "a\0b\ud83d" + "c" * 20_000})).content
    assert isinstance(found, Text)
    assert found.body.startswith("a\ufffdb\ufffdc")
    assert len(found.body) == 16_384
