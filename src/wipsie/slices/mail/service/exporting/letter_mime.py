"""A letter as a small mail (RFC 5322): the same bytes each time, whatever the letter says."""

from __future__ import annotations

import binascii
import re
from email.utils import formatdate

from wipsie.slices.mail.domain.document import ArchivedMail
from wipsie.slices.mail.domain.mime.encoded_words import encode_words

LINE_CHARACTERS = 76
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")
_NO_ADDRESS = "unknown@letter.invalid"
"""Of a sender who gave none: a mail needs one, and this one is nobody's (RFC 2606)."""
_ID_DOMAIN = "letter.invalid"


def letter_as_mime(mail_id: str, letter: ArchivedMail) -> bytes:
    """The mail, its lines with LF. `mail_id` makes its Message-ID. Only the four fields of the letter are in it."""
    text = letter.content.replace("\r\n", "\n").encode(errors="replace")
    header = (
        ("From", _mailbox(letter.sender)),
        ("Subject", _words(letter.subject)),
        # Not the library's of the local time: "-0000" would say that nobody knows the zone.
        ("Date", formatdate(letter.timestamp_s, usegmt=True)),
        ("Message-ID", f"<{mail_id}@{_ID_DOMAIN}>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    )
    lines = "".join(f"{name}: {value}\n" for name, value in header)
    return lines.encode() + b"\n" + binascii.b2a_qp(text, istext=True).rstrip(b"\n") + b"\n"


def _mailbox(sender: str) -> str:
    sender = sender.strip()
    if _ADDRESS.fullmatch(sender):
        return sender
    name, _, address = sender.removesuffix(">").rpartition("<")
    if not (sender.endswith(">") and _ADDRESS.fullmatch(address)):
        name, address = sender, _NO_ADDRESS
    name = name.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1]
    return f"{_folded_words(name)}\n <{address}>" if name else address


def _words(text: str) -> str:
    """As it is where every program reads it so, else in encoded words."""
    plain = text.isascii() and text.isprintable() and len(text) <= LINE_CHARACTERS and "=?" not in text
    return text if plain and text.strip() == text else _folded_words(text)


def _folded_words(text: str) -> str:
    """As encoded words, one on each line."""
    return "\n ".join(encode_words(text))
