"""A mail that could not be taken apart: all of it is text."""

from __future__ import annotations

from wipsie.slices.mail.domain.mime.charsets import decoded
from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.digests import LinesDigest
from wipsie.slices.mail.domain.mime.parsed import TEXT_CHARACTERS_MAX, UNKNOWN_SENDER, ParsedMail
from wipsie.slices.mail.domain.mime.texts import clean_text

UNREADABLE = "The mail could not be taken apart"


def unreadable_mail(content: bytes, reason: str) -> ParsedMail:
    """The first `TEXT_CHARACTERS_MAX` bytes as text, without sender, subject and time. `reason` is told as a defect."""
    defects = Defects()
    defects.note(f"{UNREADABLE} ({reason}); all of it is kept as text.")
    if len(content) > TEXT_CHARACTERS_MAX:
        defects.cut(f"The mail is longer than {TEXT_CHARACTERS_MAX} bytes.")
    digest = LinesDigest()
    digest.update(content)
    return ParsedMail(
        subject="",
        sender=UNKNOWN_SENDER,
        sender_address=None,
        authors=(),
        timestamp_s=None,
        timestamp_from=None,
        message_id=None,
        in_reply_to=None,
        references=(),
        to=(),
        cc=(),
        reply_to=(),
        list_id=None,
        text=clean_text(decoded(content[:TEXT_CHARACTERS_MAX], None, defects)),
        text_from="plain",
        text_sha256=digest.hexdigest(),
        attachments=(),
        authentication=(),
        defects=defects.sentences(),
        is_truncated=defects.is_truncated,
    )
