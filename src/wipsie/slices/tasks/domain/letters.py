"""Composing an e-mail: addresses checked, headers that cannot be broken out of, a Message-ID that repeats recognise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.errors import HeaderParseError, NonASCIILocalPartDefect
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

import msgspec

from wipsie.kernel.errors import InvalidInput

ADDRESS_LENGTH_MAX = 254
NOTES_MAX = 20
NOTE_LENGTH_MAX = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_NOTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an e-mail is made of."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    body: str
    notes: Mapping[str, Any]
    """Plain values become ``X-Wipsie-<Name>`` headers; lists and objects do not."""
    sent_at_ms: int


def parse_address(text: str, field: str) -> Address:
    """One address, with or without a name: ``ann@example.org`` or ``Ann <ann@example.org>``. InvalidInput otherwise."""
    _refuse_control(text, field)
    try:
        parsed: Any = HeaderRegistry()("to", text)
        # Parsing is forgiving by design; only a text that is nothing but one whole address is accepted.
        flawed = any(not isinstance(defect, NonASCIILocalPartDefect) for defect in parsed.defects)
        groups, addresses = parsed.groups, parsed.addresses
    except (HeaderParseError, ValueError, IndexError):
        raise _bad_address(text, field) from None
    if flawed or len(groups) != 1 or groups[0].display_name is not None or len(addresses) != 1:
        raise _bad_address(text, field)
    address: Address = addresses[0]
    if len(address.addr_spec) > ADDRESS_LENGTH_MAX or not address.username or not _DOMAIN.fullmatch(address.domain):
        raise _bad_address(text, field)
    return address


def compose(letter: Letter) -> EmailMessage:
    """The message, ready to be handed over. InvalidInput for addresses, subjects or notes that no mail may carry."""
    sender = parse_address(letter.sender, "mail_from")
    recipient = parse_address(letter.recipient, "recipient")
    _refuse_control(letter.subject, "subject")
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
    except UnicodeEncodeError:
        raise InvalidInput("body holds characters that are no text.", details={"field": "body"}) from None
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
        _refuse_control(text, f"metadata.{name}")
        headers.append((f"X-Wipsie-{'-'.join(part.capitalize() for part in re.split('[_-]', name))}", text))
    return headers[:NOTES_MAX]


def _refuse_control(text: str, field: str) -> None:
    if _CONTROL.search(text):
        raise InvalidInput(
            f"{field} holds a line break or another control character; a mail header cannot.", details={"field": field}
        )


def _bad_address(text: str, field: str) -> InvalidInput:
    return InvalidInput(
        f"{field} is not one e-mail address, such as ann@example.org or 'Ann <ann@example.org>'.",
        details={"field": field, "length": len(text)},
    )
