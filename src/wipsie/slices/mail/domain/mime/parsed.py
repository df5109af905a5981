"""What the archive keeps of a mail that came as MIME, and how much of it at most."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.kernel.limits import MIB

TEXT_CHARACTERS_MAX = 4 * MIB
LINE_CHARACTERS_MAX = 2_000
"""Of a subject, a sender, a header value."""
NAME_CHARACTERS_MAX = 500
"""Of a person."""
ADDRESS_CHARACTERS_MAX = 320
"""64 before the @ and 255 behind it (RFC 5321)."""
FILE_NAME_CHARACTERS_MAX = 200
ID_CHARACTERS_MAX = 998
"""Of a Message-ID: a whole line (RFC 5322)."""
ADDRESSES_MAX = 1_000
"""In To, Cc and Reply-To together."""
AUTHORS_MAX = 20
"""In From."""
REFERENCES_MAX = 200
AUTHENTICATION_MAX = 50
AUTHENTICATION_CHARACTERS_MAX = 8_192
DEFECTS_MAX = 50
DEFECT_CHARACTERS_MAX = 300
PARTS_MAX = 1_000
NESTING_MAX = 50
SOURCE_BYTES_MAX = 128 * MIB
UNKNOWN_SENDER = "(unknown sender)"


class MailAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One of To, Cc or Reply-To. One of the two may be empty, never both."""

    name: str
    address: str
    """As written, without checks beyond an @ in it."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is not the text. Its bytes lie in a file named by `sha256`."""

    number: int
    """From 1, in the order of the mail."""
    name: str
    """May be shown: no path, no control characters, at most `FILE_NAME_CHARACTERS_MAX`."""
    media_type: str
    size: int
    """In bytes, decoded."""
    sha256: str
    fingerprint: str
    """What the identity of the mail counts: SHA-256 of the bytes with line ends as LF and none at the end, since relays change
    those."""
    content_id: str | None
    is_inline: bool
    """Belongs into the text, as a picture of HTML does."""


class ParsedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, read. Every text can be written as JSON and kept by any database: neither surrogates nor control characters
    but tabs and line feeds. All but `text` are one line each."""

    subject: str
    """Empty when the mail has none."""
    sender: str
    """As shown: ``Name <address>``, or whatever stands there; `UNKNOWN_SENDER` when nothing does."""
    sender_address: str | None
    authors: tuple[str, ...]
    """The first `AUTHORS_MAX` addresses in From, in all such fields; `sender_address` may be from another field."""
    timestamp_s: int | None
    """Unix seconds, from 0 to 2**32 - 1."""
    timestamp_from: Literal["date", "received"] | None
    """The header that told: Date, or the Received of the first hop."""
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    """The last `REFERENCES_MAX`, oldest first."""
    to: tuple[MailAddress, ...]
    cc: tuple[MailAddress, ...]
    reply_to: tuple[MailAddress, ...]
    list_id: str | None
    text: str
    """The first `TEXT_CHARACTERS_MAX` characters."""
    text_from: Literal["plain", "html"] | None
    """None when no part holds text."""
    text_sha256: str
    """Of everything that may be read as the text, in every version the mail brings it, as bytes with line ends as LF. Covers
    what `text` leaves out."""
    attachments: tuple[Attachment, ...]
    authentication: tuple[str, ...]
    """Authentication-Results, ARC-Authentication-Results and Received-SPF, whole, from the top."""
    defects: tuple[str, ...]
    """Sentences about what is wrong with the mail."""
    is_truncated: bool
    """Something of the mail is beyond a bound and not in here."""
