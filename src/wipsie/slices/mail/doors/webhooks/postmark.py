"""Postmark inbound: JSON, with the whole mail in `RawEmail` where the server is set so, else taken apart. Not signed: the URL it
posts to has a user and a password. Source: Postmark, "Inbound webhook" and "Parse an email".
"""

from __future__ import annotations

import binascii
import re
from pathlib import Path

import msgspec

from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.domain.foreign_texts import address, addresses, one_line, verdict, verdicts
from wipsie.slices.mail.doors.webhooks.basic import check_basic
from wipsie.slices.mail.doors.webhooks.inbound import Inbound, Post, fingerprint_of
from wipsie.slices.mail.doors.webhooks.mime_headers import mailbox
from wipsie.slices.mail.doors.webhooks.rebuilt import Attachment, Body, MailFields, rebuild, with_missing
from wipsie.slices.mail.doors.webhooks.refusals import NotAMail, Unreadable
from wipsie.slices.mail.doors.webhooks.settings import NAMES, WebhookSettings, listed
from wipsie.slices.mail.doors.webhooks.spool import Spill, Spool

TRIES_S = 12 * 3600
"""Ten more tries within about ten and a half hours, unless the answer is 200 or 403."""
_BASE64_CHARACTERS = 4 * 16_384
_SPF_FACT = re.compile(r"\b(client-ip|helo|envelope-from)=[\"<]?([^\s;\">]{1,320})")
_SPAM = {"yes": "fail", "no": "pass"}


class _Person(msgspec.Struct, rename="pascal"):
    email: str | None = ""
    name: str | None = ""


class _Header(msgspec.Struct, rename="pascal"):
    name: str
    value: str | None = ""


class _File(msgspec.Struct, rename="pascal"):
    name: str | None = ""
    content: str | None = ""
    content_type: str | None = ""
    content_id: str | None = msgspec.field(name="ContentID", default="")


class _Mail(msgspec.Struct, rename="pascal"):
    """What is read of it; all else is left alone."""

    record_type: str | None = None
    message_id: str | None = msgspec.field(name="MessageID", default=None)
    original_recipient: str | None = None
    from_full: _Person | None = None
    to_full: list[_Person] | None = None
    cc_full: list[_Person] | None = None
    subject: str | None = None
    date: str | None = None
    reply_to: str | None = None
    text_body: str | None = None
    html_body: str | None = None
    headers: list[_Header] | None = None
    attachments: list[_File] | None = None
    raw_email: str | None = None


_decoder = msgspec.json.Decoder(_Mail)


class PostmarkDoor:
    """One per process. ConfigurationError for credentials without a user or a password."""

    name = "postmark"
    needs = NAMES.postmark

    def __init__(self, settings: WebhookSettings) -> None:
        self._known = listed(settings.postmark_user_password)
        if not all(re.fullmatch(r"[^:]+:.+", one) for one in self._known):
            raise ConfigurationError(f"{NAMES.postmark} must be `user:password`; several with commas.")

    @property
    def is_open(self) -> bool:
        return bool(self._known)

    @property
    def window_s(self) -> float:
        """How long a mail may come again."""
        return TRIES_S

    def admit(self, authorization: str | None) -> None:
        """Before the body is read. NotGenuine."""
        check_basic(authorization, self._known)

    def read(self, post: Post, spool: Spool) -> Inbound:
        """Unreadable, NotAMail. Blocks, and needs memory of twice the size of the body."""
        mail = _decoded(post.body)
        if (mail.record_type or "Inbound") != "Inbound":
            raise NotAMail("This is a notice of another kind; only the inbound webhook is taken here.")
        if not (mail.raw_email or mail.from_full or mail.headers):
            raise NotAMail("The document has neither RawEmail nor FromFull nor Headers: it is no inbound mail.")
        content = _raw(mail.raw_email, spool) if mail.raw_email else _rebuilt(mail, spool)
        envelope = _envelope(mail, post.received_at_ms)
        fingerprint = fingerprint_of(content, envelope)
        # The name alone is not enough: who has the password may give any.
        token = f"postmark:{envelope.reference}:{fingerprint}"
        return Inbound(content=content, envelope=envelope, token=token, fingerprint=fingerprint)


def _decoded(body: bytes | Path) -> _Mail:
    content = body.read_bytes() if isinstance(body, Path) else body
    try:
        return _decoder.decode(content)
    except msgspec.ValidationError as error:
        raise NotAMail(f"The document is no inbound mail: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Nothing of the document itself: it would be part of somebody's mail.
        raise Unreadable("The body is no JSON document, or it is cut.") from None


def _raw(text: str, spool: Spool) -> bytes | Path:
    spill = Spill(spool)
    for start in range(0, len(text), _BASE64_CHARACTERS):
        spill.write(text[start : start + _BASE64_CHARACTERS].encode())
    return spill.finish()


def _rebuilt(mail: _Mail, spool: Spool) -> bytes | Path:
    others = [
        ("From", _mailboxes([mail.from_full] if mail.from_full else [])),
        ("To", _mailboxes(mail.to_full or [])),
        ("Cc", _mailboxes(mail.cc_full or [])),
        ("Reply-To", mail.reply_to or ""),
        ("Subject", mail.subject or ""),
        ("Date", mail.date or ""),
    ]
    fields = MailFields(
        headers=with_missing([(one.name, one.value or "") for one in mail.headers or []], others),
        text=_body(mail.text_body),
        html=_body(mail.html_body),
        attachments=[
            Attachment(
                content=_decode(one.content or "", spool),
                name=one.name or "",
                content_type=one.content_type or "",
                content_id=one.content_id or "",
            )
            for one in mail.attachments or []
        ],
    )
    return rebuild(fields, spool)


def _mailboxes(people: list[_Person]) -> str:
    return ", ".join(mailbox(one.name or "", address(one.email or "")) for one in people if one.email)


def _body(text: str | None) -> Body | None:
    # The part a mail does not have is an empty text.
    return Body(content=text.encode()) if text else None


def _decode(text: str, spool: Spool) -> bytes | Path:
    """Base64, piece by piece."""
    if "\n" in text or "\r" in text:
        text = text.replace("\r", "").replace("\n", "")
    spill = Spill(spool)
    try:
        for start in range(0, len(text), _BASE64_CHARACTERS):
            spill.write(binascii.a2b_base64(text[start : start + _BASE64_CHARACTERS], strict_mode=True))
    except (binascii.Error, ValueError):
        raise NotAMail("The content of an attachment is no base64.") from None
    return spill.finish()


def _envelope(mail: _Mail, received_at_ms: int) -> Envelope:
    spf = _only(mail, "received-spf")
    facts = dict(_SPF_FACT.findall(spf[:4096]))
    spam = _only(mail, "x-spam-status").partition(",")[0].strip().lower()
    recipients = (
        [mail.original_recipient] if mail.original_recipient else [one.email or "" for one in mail.to_full or []]
    )
    return Envelope(
        door="postmark",
        received_at_ms=received_at_ms,
        sender=address(facts["envelope-from"]) if "envelope-from" in facts else None,
        recipients=addresses(recipients),
        remote=one_line(facts.get("client-ip", ""), 50) or None,
        helo=one_line(facts.get("helo", ""), 255) or None,
        verdicts=verdicts(spf=verdict(spf.strip().partition(" ")[0]), spam=_SPAM.get(spam)),
        rebuilt=not mail.raw_email,
        reference=one_line(mail.message_id or "", 100) or None,
    )


def _only(mail: _Mail, name: str) -> str:
    """Postmark adds this header to every mail. Where there are two, the sender wrote one of them, and neither is believed."""
    found = [one.value or "" for one in mail.headers or [] if one.name.lower() == name]
    return found[0] if len(found) == 1 else ""
