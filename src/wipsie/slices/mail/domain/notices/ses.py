"""What Amazon SES says of a mail it received, by a receipt rule: the mail itself up to 150 KB, or the bucket where it was laid.

Source: Amazon SES, "Contents of notifications for Amazon SES email receiving".
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from wipsie.slices.mail.domain.arrival import BucketObject, Envelope, NotAnArrival
from wipsie.slices.mail.domain.foreign_texts import address, addresses, one_line, verdict, verdicts
from wipsie.slices.mail.domain.notices.noticed import NoticedMail

_REFERENCE_CHARACTERS_MAX = 200


class _Verdict(msgspec.Struct):
    status: str | None = None


class _Action(msgspec.Struct, rename="camel"):
    type: str = ""
    bucket_name: str | None = None
    object_key: str | None = None
    encoding: str | None = None


class _Receipt(msgspec.Struct, rename="camel"):
    action: _Action = msgspec.field(default_factory=_Action)
    recipients: list[str] = []
    spf_verdict: _Verdict | None = None
    dkim_verdict: _Verdict | None = None
    dmarc_verdict: _Verdict | None = None
    spam_verdict: _Verdict | None = None
    virus_verdict: _Verdict | None = None


class _Mail(msgspec.Struct, rename="camel"):
    message_id: str = ""
    source: str | None = None


class _Notice(msgspec.Struct, rename="camel"):
    notification_type: str | None = None
    receipt: _Receipt = msgspec.field(default_factory=_Receipt)
    mail: _Mail = msgspec.field(default_factory=_Mail)
    content: str | None = None


_decoder = msgspec.json.Decoder(_Notice)


def read_ses_notice(notice: str, received_at_ms: int) -> NoticedMail | None:
    """The mail a notice tells of, from its JSON; None for a text that tells of something else, such as that a topic is set up.
    NotAnArrival for the notice of a mail that says neither where it lies nor what it says. `received_at_ms`: when the notice
    came."""
    try:
        found = _decoder.decode(notice)
    except msgspec.ValidationError as error:
        raise NotAnArrival(f"The notice of SES cannot be read: {error}.") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if found.notification_type != "Received":
        return None
    content = _content(found)
    if content is None:
        return None
    receipt = found.receipt
    envelope = Envelope(
        door="ses",
        received_at_ms=received_at_ms,
        sender=None if found.mail.source is None else address(found.mail.source),
        recipients=addresses(receipt.recipients),
        verdicts=verdicts(
            spf=_word(receipt.spf_verdict),
            dkim=_word(receipt.dkim_verdict),
            dmarc=_word(receipt.dmarc_verdict),
            spam=_word(receipt.spam_verdict),
            virus=_word(receipt.virus_verdict),
        ),
        reference=one_line(found.mail.message_id, _REFERENCE_CHARACTERS_MAX) or None,
    )
    return NoticedMail(content=content, envelope=envelope)


def _content(notice: _Notice) -> bytes | BucketObject | None:
    action = notice.receipt.action
    if action.type == "S3":
        if not action.bucket_name or not action.object_key:
            raise NotAnArrival("The notice of SES names no object of a bucket.")
        return BucketObject(bucket=action.bucket_name, key=action.object_key)
    if action.type != "SNS":
        # Of another action of the same rule.
        return None
    if not notice.content:
        raise NotAnArrival("The notice of SES has no content; mails over 150 KB need an S3 action.")
    if (action.encoding or "").upper() != "BASE64":
        return notice.content.encode()
    try:
        return base64.b64decode(notice.content)
    except (binascii.Error, ValueError):
        raise NotAnArrival("The content of the notice of SES is no base64.") from None


def _word(given: _Verdict | None) -> str | None:
    return None if given is None else verdict(given.status)
