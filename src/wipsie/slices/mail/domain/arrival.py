"""How a mail came in, and the bodies of queue messages that carry one.

A letter travels as the plain JSON object of its four fields, so that other programs can read and write these messages. A mail
that came as MIME lies in the object store already, or in a bucket of its provider; its message says where, and how it came.
"""

from __future__ import annotations

import json as plain_json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

from wipsie.kernel import json
from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX
from wipsie.slices.mail.domain.letter import (
    BUCKET_OBJECT,
    CONTENT,
    OTHER_TIMESTAMP,
    RAW,
    SENDER,
    SUBJECT,
    TIMESTAMP,
    Letter,
)

Door = Literal["api", "queue", "smtp", "lmtp", "sendgrid", "mailgun", "postmark", "ses", "import", "replay"]
_MEMBERS = (SUBJECT, SENDER, TIMESTAMP, OTHER_TIMESTAMP, CONTENT)


_MS_MAX = TIMESTAMP_S_MAX * 1000
_BYTES_MAX = 2**40
_Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Size = Annotated[int, Meta(ge=0, le=_BYTES_MAX)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the door knows of a mail beside its bytes."""

    door: Door
    received_at_ms: Annotated[int, Meta(ge=0, le=_MS_MAX)]
    sender: str | None = None
    """Of the envelope (MAIL FROM); empty for a bounce."""
    recipients: tuple[str, ...] = ()
    """Of the envelope: whom this copy is for."""
    remote: str | None = None
    """Address of the client that brought it."""
    helo: str | None = None
    signed_in_as: str | None = None
    verdicts: dict[str, str] = {}
    """What a provider says of spf, dkim, dmarc, arc, spam and virus."""
    rebuilt: bool = False
    """The bytes were put together from a provider's fields: they are not those the sender sent."""
    reference: str | None = None
    """What the provider calls it."""


class RawMail(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of a mail lie in our object store."""

    key: str
    sha256: _Sha256
    size: _Size

    @property
    def is_incoming(self) -> bool:
        """Nobody's but its message's, until it is archived."""
        return _INCOMING.fullmatch(self.key) is not None

    @property
    def is_archived(self) -> bool:
        """Kept under its digest."""
        return self.key == raw_key(self.sha256)


class BucketObject(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider laid the bytes of a mail: an object of a bucket that is not ours."""

    bucket: Annotated[str, Meta(min_length=3, max_length=63)]
    key: Annotated[str, Meta(min_length=1, max_length=1024)]
    size: _Size | None = None


RAW_FOLDER = "mail/raw"
INCOMING_FOLDER = "mail/incoming"
QUARANTINE_FOLDER = "quarantine"
"""Messages that hold no mail, where their queue has no dead-letter queue."""
_INCOMING = re.compile(rf"{INCOMING_FOLDER}/\d{{4}}-\d\d-\d\d/[0-9a-f-]{{36}}\.eml")


def incoming_key(day: str, message_id: str) -> str:
    """Where the bytes of a mail lie while its message is on the queue: its own, so that nothing that becomes of other mails
    concerns it. `day` in ISO form."""
    return f"{INCOMING_FOLDER}/{day}/{message_id}.eml"


def raw_key(sha256: str) -> str:
    """Where the untouched bytes of a mail lie."""
    return f"{RAW_FOLDER}/{sha256[:2]}/{sha256}.eml"


class RawArrival(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that came as MIME."""

    source: RawMail | BucketObject
    envelope: Envelope
    again: bool = False
    """Read it anew and write its document over the one that is there, if it is."""


class LetterArrival(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that came as a letter, not checked yet."""

    data: object


class NotAnArrival(Exception):
    """The body of a queue message is no mail; says why."""


class _RawBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    email_raw: RawMail | None = None
    email_object: BucketObject | None = None
    email_envelope: Envelope
    email_again: bool = False


_raw_decoder = msgspec.json.Decoder(_RawBody)


def letter_body(letter: Letter) -> str:
    """The letter as the body of a queue message: JSON of ASCII characters alone, which every queue takes."""
    return plain_json.dumps(letter.document(), separators=(",", ":"))


def raw_body(arrival: RawArrival) -> str:
    """A mail that came as MIME as the body of a queue message."""
    source = arrival.source
    body = _RawBody(
        email_raw=source if isinstance(source, RawMail) else None,
        email_object=source if isinstance(source, BucketObject) else None,
        email_envelope=arrival.envelope,
        email_again=arrival.again,
    )
    return plain_json.dumps(msgspec.to_builtins(body), separators=(",", ":"))


def read_body(body: str) -> LetterArrival | RawArrival:
    """What a queue message carries: our own, or anything that has the four fields at its top or within ``data``.
    NotAnArrival for everything else."""
    try:
        value: object = json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotAnArrival(f"The body is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise NotAnArrival("The body is no JSON object.")
    members = cast("Mapping[str, Any]", value)
    if RAW in members or BUCKET_OBJECT in members:
        return _read_raw(body)
    data = members.get("data")
    if isinstance(data, dict) and not any(name in members for name in _MEMBERS):
        return LetterArrival(data=cast("object", data))
    return LetterArrival(data=cast("object", members))


def _read_raw(body: str) -> RawArrival:
    try:
        found = _raw_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise NotAnArrival(f"The body does not say where the mail lies: {error}.") from None
    if (raw := found.email_raw) is not None and not (raw.is_incoming or raw.is_archived):
        # Whoever may write to the queue could have anything of the store read to them as a mail.
        raise NotAnArrival(f"{RAW} names an object that is no mail.")
    source = found.email_raw or found.email_object
    if source is None:
        raise NotAnArrival(f"The body names neither {RAW} nor {BUCKET_OBJECT}.")
    return RawArrival(source=source, envelope=found.email_envelope, again=found.email_again)
