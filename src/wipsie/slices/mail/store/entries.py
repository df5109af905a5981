"""What the index says of a mail, made from its document alone."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from wipsie.kernel import json
from wipsie.kernel.text_words import distinct_words
from wipsie.slices.mail.domain.archive_key import ArchiveName
from wipsie.slices.mail.domain.document import ArchivedMail
from wipsie.slices.mail.domain.mime.parsed import ADDRESS_CHARACTERS_MAX, MailAddress

WORDS_CHARACTERS_MAX = 200_000
"""Of one mail; what is behind is not found."""
TEXT_CHARACTERS_MAX = 20_000
"""Kept beside the words for snippets; the document has all of it."""
PREVIEW_CHARACTERS = 200
SHOWN_CHARACTERS_MAX = 2_000
"""Of a subject or sender in the index."""
ENVELOPE = "envelope"
"""The role of recipients whom only the mail server knew."""
SUBJECT_MARK, SENDER_MARK, RECIPIENT_MARK, FILE_MARK = "\ue001", "\ue002", "\ue003", "\ue004"
"""Before words that stand in one of these places, beside the plain word: no text can hold them."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one mail, but for its number."""

    name: ArchiveName
    mail: dict[str, Any]
    recipients: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    words: dict[str, Any]


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One copy of a mail, as its door saw it."""

    message_id: str
    door: str
    received_at_ms: int
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    remote: str | None = None
    reference: str | None = None
    raw_sha256: str | None = None
    """Of the original of this copy."""
    raw_size: int | None = None


def entry_of(name: ArchiveName, mail: ArchivedMail, document: bytes) -> Entry:
    """What the index keeps of a mail. `document`: its bytes in the archive."""
    mime = mail.mime
    recipients = [] if mime is None else [*_rows("to", mime.to), *_rows("cc", mime.cc)]
    if mime is not None:
        known = {row["address"] for row in recipients}
        recipients += [
            {"role": ENVELOPE, "address": one.casefold(), "name": ""}
            for one in dict.fromkeys(mime.envelope.recipients)
            if one.casefold() not in known
        ]
    attachments = () if mime is None else mime.attachments
    sender_address = mime.sender_address if mime is not None else _address_in(mail.sender)
    return Entry(
        name=name,
        mail={
            "id": name.id,
            "object_key": name.key,
            "timestamp_s": mail.timestamp_s,
            "subject": mail.subject[:SHOWN_CHARACTERS_MAX],
            "sender": mail.sender[:SHOWN_CHARACTERS_MAX],
            "sender_address": None if sender_address is None else sender_address.strip().casefold(),
            "preview": storable(" ".join(mail.content[: PREVIEW_CHARACTERS * 4].split())[:PREVIEW_CHARACTERS]),
            "sha256": hashlib.sha256(document).hexdigest(),
            "size": len(document),
            "raw_sha256": None if mime is None else mime.raw.sha256,
            "raw_size": None if mime is None else mime.raw.size,
            "message_id": None if mime is None else mime.message_id,
            "in_reply_to": None if mime is None else mime.in_reply_to,
            "list_id": None if mime is None else mime.list_id,
            "verdicts": "{}" if mime is None else json.encode_text(mime.verdicts),
            "defects": 0 if mime is None else len(mime.defects),
            "attachments": len(attachments),
        },
        recipients=[{"position": position, **row} for position, row in enumerate(recipients, 1)],
        attachments=[
            {
                "number": one.number,
                "name": one.name,
                "media_type": one.media_type,
                "size": one.size,
                "sha256": one.sha256,
                "content_id": one.content_id,
                "is_inline": one.is_inline,
            }
            for one in attachments
        ],
        words={
            "words": distinct_words(
                {
                    SUBJECT_MARK: mail.subject,
                    SENDER_MARK: mail.sender if sender_address is None else f"{mail.sender} {sender_address}",
                    RECIPIENT_MARK: " ".join(f"{row['name']} {row['address']}" for row in recipients),
                    FILE_MARK: " ".join(one.name for one in attachments),
                    "": mail.content,
                },
                characters_max=WORDS_CHARACTERS_MAX,
            ),
            "text": storable(mail.content[:TEXT_CHARACTERS_MAX]),
        },
    )


def _address_in(sender: str) -> str | None:
    """The address a letter's sender is; None for a name, which may hold anything."""
    text = sender.strip()
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1].strip()
    return text if "@" in text and len(text) <= ADDRESS_CHARACTERS_MAX and len(text.split()) == 1 else None


def storable(text: str) -> str:
    """Without what PostgreSQL keeps in no text."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _rows(role: str, addresses: tuple[MailAddress, ...]) -> list[dict[str, Any]]:
    return [{"role": role, "address": one.address.casefold(), "name": one.name} for one in addresses]
