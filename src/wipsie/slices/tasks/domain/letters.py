"""Composing an e-mail: addresses checked, headers that cannot be broken out of, a Message-ID that repeats recognise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

import msgspec

from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.mail_address import parse_address, refuse_control

NOTES_MAX = 20
NOTE_LENGTH_MAX = 500
_NOTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an e-mail is made of."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    body: str
    html: str | None = None
    """The same for readers that show it; `body` stays for those that do not."""
    notes: Mapping[str, Any]
    """Plain values become ``X-Wipsie-<Name>`` headers; lists and objects do not."""
    sent_at_ms: int


def compose(letter: Letter) -> EmailMessage:
    """The message, ready to be handed over. InvalidInput for addresses, subjects or notes that no mail may carry."""
    sender = parse_address(letter.sender, "mail_from")
    recipient = parse_address(letter.recipient, "recipient")
    refuse_control(letter.subject, "subject")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = formatdate(letter.sent_at_ms / 1000, usegmt=True)
    message["Message-ID"] = f"<{letter.message_id}@{sender.domain}>"
    # RFC 3834: keeps out-of-office replies away.
    message["Auto-Submitted"] = "auto-generated"
    for name, value in _note_headers(letter.notes):
        message[name] = value
    try:
        message.set_content(letter.body)
        if letter.html is not None:
            message.add_alternative(letter.html, subtype="html")
    except UnicodeEncodeError:
        raise InvalidInput("The body holds characters that are no text.", details={"field": "body"}) from None
    return message


def _note_headers(notes: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for name, value in notes.items():
        if not isinstance(value, str | int | float | bool) or not _NOTE_NAME.fullmatch(name):
            continue
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        # A longer text belongs to a template, not to a header; a text of several lines too, but in a header it would be
        # the start of an attack, so it is refused unless no header is made of it.
        if len(text) > NOTE_LENGTH_MAX:
            continue
        refuse_control(text, f"metadata.{name}")
        headers.append((f"X-Wipsie-{'-'.join(part.capitalize() for part in re.split('[_-]', name))}", text))
    return headers[:NOTES_MAX]
