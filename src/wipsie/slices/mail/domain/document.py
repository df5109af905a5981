"""The document of a mail in the archive: one JSON object on one line, with the four fields of a letter at its top.

What came as MIME has everything else in the member ``email_mime``. The index is made from the document alone, when the mail is
archived and whenever the index is built again.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from wipsie.kernel import json
from wipsie.slices.mail.domain.archive_key import ArchiveName, name_of
from wipsie.slices.mail.domain.arrival import Envelope, RawMail
from wipsie.slices.mail.domain.letter import CONTENT, MIME, SENDER, SUBJECT, TIMESTAMP, Letter, read_timestamp
from wipsie.slices.mail.domain.mime.identity import mail_identity
from wipsie.slices.mail.domain.mime.parsed import MailAddress, ParsedMail

CONTENT_TYPE = "application/json"
ATTACHMENT_TYPE = "application/octet-stream"
"""What a browser is told of attachments comes from the index: the type in a mail is its sender's to choose."""
ATTACHMENTS_FOLDER = "mail/attachments"


class ArchivedAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment, kept once by its checksum, whatever mails it came with."""

    number: int
    name: str
    media_type: str
    size: int
    sha256: str
    content_id: str | None = None
    is_inline: bool = False

    @property
    def key(self) -> str:
        """Of its object."""
        return attachment_key(self.sha256)


class ArchivedMime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a mail that came as MIME says beside the four fields."""

    raw: RawMail
    """The untouched original."""
    envelope: Envelope
    """Of the copy that came first."""
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    sender_address: str | None = None
    to: tuple[MailAddress, ...] = ()
    cc: tuple[MailAddress, ...] = ()
    reply_to: tuple[MailAddress, ...] = ()
    list_id: str | None = None
    text_from: str | None = None
    timestamp_from: str | None = None
    attachments: tuple[ArchivedAttachment, ...] = ()
    verdicts: dict[str, str] = {}
    """spf, dkim, dmarc, arc, spam and virus, as far as somebody trusted said so."""
    defects: tuple[str, ...] = ()
    is_truncated: bool = False


class ArchivedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A document, read."""

    subject: str
    sender: str
    timestamp_s: int
    content: str
    mime: ArchivedMime | None = None


class NotADocument(Exception):
    """The bytes are no document of a mail; says why."""


def attachment_key(sha256: str) -> str:
    """Where an attachment is kept."""
    return f"{ATTACHMENTS_FOLDER}/{sha256[:2]}/{sha256}"


def letter_mail(letter: Letter) -> ArchivedMail:
    """The mail a letter is."""
    return ArchivedMail(
        subject=letter.subject, sender=letter.sender, timestamp_s=letter.timestamp_s, content=letter.content
    )


def mime_mail(parsed: ParsedMail, raw: RawMail, envelope: Envelope, verdicts: dict[str, str]) -> ArchivedMail:
    """The mail that was read from MIME. A mail without any date has the time at which it came in."""
    timestamp_s = parsed.timestamp_s if parsed.timestamp_s is not None else envelope.received_at_ms // 1000
    return ArchivedMail(
        subject=parsed.subject,
        sender=parsed.sender,
        timestamp_s=timestamp_s,
        content=parsed.text,
        mime=ArchivedMime(
            raw=raw,
            envelope=envelope,
            message_id=parsed.message_id,
            in_reply_to=parsed.in_reply_to,
            references=parsed.references,
            sender_address=parsed.sender_address,
            to=parsed.to,
            cc=parsed.cc,
            reply_to=parsed.reply_to,
            list_id=parsed.list_id,
            text_from=parsed.text_from,
            timestamp_from=parsed.timestamp_from,
            attachments=tuple(
                ArchivedAttachment(
                    number=one.number,
                    name=one.name,
                    media_type=one.media_type,
                    size=one.size,
                    sha256=one.sha256,
                    content_id=one.content_id,
                    is_inline=one.is_inline,
                )
                for one in parsed.attachments
            ),
            verdicts=verdicts,
            defects=parsed.defects,
            is_truncated=parsed.is_truncated,
        ),
    )


def mime_name_of(parsed: ParsedMail, mail: ArchivedMail) -> ArchiveName:
    """The names of a mail that came as MIME: the same for all its copies, whatever ways they came."""
    return name_of(sender=mail.sender, timestamp_s=mail.timestamp_s, identity=mail_identity(parsed))


def write_document(mail: ArchivedMail, extra: dict[str, Any] | None = None) -> bytes:
    """The document of a mail; `extra`: further members of a letter. One line, with its end."""
    members: dict[str, Any] = {
        SUBJECT: mail.subject,
        SENDER: mail.sender,
        TIMESTAMP: str(mail.timestamp_s),
        CONTENT: mail.content,
        **(extra or {}),
    }
    if mail.mime is not None:
        members[MIME] = mail.mime
    return json.encode(members) + b"\n"


def read_document(content: bytes) -> ArchivedMail:
    """The mail of a document. NotADocument."""
    try:
        value: object = json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise NotADocument(f"it is no JSON ({error})") from None
    if not isinstance(value, dict):
        raise NotADocument("it is no JSON object")
    members = cast("dict[str, Any]", value)
    texts = [members.get(name) for name in (SUBJECT, SENDER, CONTENT)]
    timestamp_s = read_timestamp(members.get(TIMESTAMP))
    if timestamp_s is None or not all(isinstance(text, str) for text in texts):
        raise NotADocument("it lacks one of the four fields")
    mime = None
    if MIME in members:
        try:
            mime = msgspec.convert(members[MIME], ArchivedMime)
        except msgspec.ValidationError as error:
            raise NotADocument(f"its member {MIME} is not ours ({error})") from None
    subject, sender, text = cast("list[str]", texts)
    return ArchivedMail(subject=subject, sender=sender, timestamp_s=timestamp_s, content=text, mime=mime)
