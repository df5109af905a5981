"""Reads a mail: hostile, broken, huge or fine. Whatever it is, something is told of it, and its defects.

bytes ──► line ends, marks ──► header ──► parts ──► text ───────────► ParsedMail
                                            └─────► attachments ──► files, each under its digest

Time and memory grow with the size alone; every list and text has a bound (`parsed`). Archives, messages within the mail and
what is encrypted are kept as files and not opened.
"""

from __future__ import annotations

from pathlib import Path

from wipsie.kernel.limits import KIB
from wipsie.slices.mail.domain.mime.bodies import Bodies
from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.files import write_attachments
from wipsie.slices.mail.domain.mime.header import read_header
from wipsie.slices.mail.domain.mime.headline import Headline, read_headline
from wipsie.slices.mail.domain.mime.parsed import SOURCE_BYTES_MAX, ParsedMail
from wipsie.slices.mail.domain.mime.part import part_of
from wipsie.slices.mail.domain.mime.structure import Structure
from wipsie.slices.mail.domain.mime.texts_of_parts import Texts
from wipsie.slices.mail.domain.mime.unreadable import unreadable_mail

_SAMPLE_BYTES = 64 * KIB
_ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})


def parse_mail(source: Path, attachments_to: Path) -> ParsedMail:
    """The mail in a file. Its attachments are written into the folder `attachments_to`, which exists, decoded, each under
    ``<sha256>``. Raises OSError of the file and the folder, and nothing else."""
    defects = Defects()
    with source.open("rb") as file:
        content = file.read(SOURCE_BYTES_MAX)
        if file.read(1):
            defects.cut(f"The mail is larger than {SOURCE_BYTES_MAX} bytes.")
    try:
        return _read(content, attachments_to, defects)
    except OSError:
        raise
    # Nothing is known to lead here; but a mail that does, now or under another Python, is archived all the same.
    except Exception as error:
        return unreadable_mail(content, type(error).__name__)


def _read(content: bytes, attachments_to: Path, defects: Defects) -> ParsedMail:
    content = _in_lines(content, defects)
    header, start = read_header(content, 0, len(content), defects)
    if not header.fields:
        defects.note("The mail has no header.")
    headline: Headline = read_headline(header, defects)
    root = part_of(header, "text/plain", start, len(content), defects)
    if root.media_type in _ENCRYPTED:
        defects.note("The mail is encrypted, or signed in a way that hides its text.")
    structure = Structure(content, defects)
    structure.read(root)
    texts = Texts(content, defects)
    bodies = Bodies(root, texts.says_something)
    text = texts.joined(bodies.shown)
    text_sha256 = texts.digest(bodies.versions, structure.unread)
    attachments = write_attachments(content, bodies.attached, attachments_to, defects)
    return ParsedMail(
        subject=headline.subject,
        sender=headline.sender,
        sender_address=headline.sender_address,
        authors=headline.authors,
        timestamp_s=headline.timestamp_s,
        timestamp_from=headline.timestamp_from,
        message_id=headline.message_id,
        in_reply_to=headline.in_reply_to,
        references=headline.references,
        to=headline.to,
        cc=headline.cc,
        reply_to=headline.reply_to,
        list_id=headline.list_id,
        text=text,
        text_from=bodies.shown[0].kind if bodies.shown else None,
        text_sha256=text_sha256,
        attachments=attachments,
        authentication=headline.authentication,
        defects=defects.sentences(),
        is_truncated=defects.is_truncated,
    )


def _in_lines(content: bytes, defects: Defects) -> bytes:
    """The mail in bytes that are ASCII where it matters, with lines that end in LF or CRLF."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        defects.note("The mail is stored as UTF-16.")
        content = content.decode("utf-16", errors="replace").encode(errors="replace")
    elif content.startswith(b"\xef\xbb\xbf"):
        defects.note("The mail begins with a byte order mark.")
        content = content[3:]
    sample = content[:_SAMPLE_BYTES]
    if b"\r" in sample and b"\n" not in sample:
        defects.note("The lines of the mail end in CR.")
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content
