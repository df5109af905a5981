"""Whether two mails are copies of one: a value that is equal for copies and for nothing else.

Counted are subject, From, Date, Message-ID, To, Cc, the text in every version the mail brings it, and of every attachment its
name, type and content. Encoded words are decoded, line ends are LF, and the transfer encoding is undone before, so a relay
that changes those makes no other mail of it.

Not counted is what differs from way to way: Received, Return-Path, Delivered-To, Bcc, authentication results, DKIM and ARC
signatures, X- fields, and which files the attachments lie in. Nor does a value depend on how HTML is turned into text, so
that it stays the same when that gets better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wipsie.slices.mail.domain.mime.parsed import MailAddress, ParsedMail


def mail_identity(mail: ParsedMail) -> dict[str, Any]:
    """A JSON value for `archive_key.name_of`."""
    return {
        "subject": mail.subject,
        "sender": mail.sender,
        # The time a server noted is one of the way.
        "date": mail.timestamp_s if mail.timestamp_from == "date" else None,
        "message_id": mail.message_id,
        "to": _plain(mail.to),
        "cc": _plain(mail.cc),
        "text": mail.text_sha256,
        "attachments": [[one.name, one.media_type, one.fingerprint] for one in mail.attachments],
    }


def _plain(addresses: Sequence[MailAddress]) -> list[list[str]]:
    return [[one.name, one.address] for one in addresses]
