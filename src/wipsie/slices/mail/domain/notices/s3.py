"""What Amazon S3 says of objects in a bucket, to a queue or a topic.

Source: Amazon S3, "Event message structure" and "Event notification types and destinations".
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

import msgspec

from wipsie.slices.mail.domain.archive_key import FOLDER
from wipsie.slices.mail.domain.arrival import (
    INCOMING_FOLDER,
    QUARANTINE_FOLDER,
    RAW_FOLDER,
    BucketObject,
    Envelope,
    NotAnArrival,
)
from wipsie.slices.mail.domain.document import ATTACHMENTS_FOLDER
from wipsie.slices.mail.domain.foreign_texts import one_line
from wipsie.slices.mail.domain.notices.noticed import Noticed, NoticedMail

RECORDS_MAX = 100
"""Of one event. S3 sends one, and has never promised that."""
_SOURCE = "aws:s3"
_MADE = "ObjectCreated:"
_REFERENCE_CHARACTERS_MAX = 200
_DIGEST = "[0-9a-f]{2}/[0-9a-f]{64}"
_OURS = re.compile(
    rf"(?:.*/)?(?:{FOLDER}/\d{{4}}/\d\d/\d\d/email-[^/]+\.json|{RAW_FOLDER}/{_DIGEST}\.eml|{ATTACHMENTS_FOLDER}/{_DIGEST}"
    rf"|{INCOMING_FOLDER}/\d{{4}}-\d\d-\d\d/[^/]+\.eml|{QUARANTINE_FOLDER}/\d{{4}}/\d\d/\d\d/[^/]+\.txt)",
    re.DOTALL,
)
"""Keys of the archive, under whatever prefix it has."""


class _Bucket(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    key: str
    """As in the query of a URL: a plus is a blank."""
    size: int | None = None


class _Place(msgspec.Struct):
    bucket: _Bucket
    object: _Object


class _Record(msgspec.Struct, rename="camel"):
    event_source: str
    event_name: str
    s3: _Place


class _Event(msgspec.Struct, rename="pascal"):
    records: list[msgspec.Raw]


_event_decoder = msgspec.json.Decoder(_Event)
_record_decoder = msgspec.json.Decoder(_Record)


def read_s3_event(event: str, received_at_ms: int) -> Noticed:
    """The objects that were made, from the JSON of an event with `Records`; an object that is listed twice is there once. A record
    that cannot be followed is a problem and keeps none of the others back. NotAnArrival for an event without records, or with
    more than `RECORDS_MAX`. `received_at_ms`: when the event came."""
    try:
        records = _event_decoder.decode(event).records
    except msgspec.DecodeError as error:
        raise NotAnArrival(f"The event of S3 cannot be read: {error}.") from None
    if not 1 <= len(records) <= RECORDS_MAX:
        raise NotAnArrival(f"The event of S3 has {len(records)} records; from 1 to {RECORDS_MAX} are read.")
    mails: dict[tuple[str, str], NoticedMail] = {}
    others: list[str] = []
    problems: list[str] = []
    for position, raw in enumerate(records, 1):
        try:
            found = _read_record(raw, position, received_at_ms)
        except (msgspec.DecodeError, NotAnArrival) as error:
            problems.append(f"Record {position} of the event of S3 cannot be followed: {str(error).rstrip('.')}.")
            continue
        if isinstance(found, str):
            others.append(found)
        else:
            place, mail = found
            mails.setdefault(place, mail)
    return Noticed(mails=tuple(mails.values()), others=tuple(others), problems=tuple(problems))


def _read_record(raw: msgspec.Raw, position: int, received_at_ms: int) -> tuple[tuple[str, str], NoticedMail] | str:
    """The mail with its bucket and key, or what the record tells of instead."""
    record = _record_decoder.decode(raw)
    if record.event_source != _SOURCE:
        raise NotAnArrival(f"its source is not {_SOURCE}")
    if not record.event_name.startswith(_MADE):
        return f"S3: {one_line(record.event_name, 60)}"
    bucket, made = record.s3.bucket.name, record.s3.object
    try:
        key = unquote_plus(made.key, errors="strict")
    except UnicodeDecodeError:
        raise NotAnArrival("its key is no UTF-8") from None
    if not bucket or not key:
        raise NotAnArrival("it names no object of a bucket")
    if key.endswith("/") and not made.size:
        # What consoles make, so that a folder shows.
        return "S3: a folder"
    if _OURS.fullmatch(key):
        # Of a bucket that is the archive's too: each object would bring forth others, without end.
        return "S3: an object of an archive"
    envelope = Envelope(
        # Whoever wrote the object: S3 does not say.
        door="queue",
        received_at_ms=received_at_ms,
        reference=one_line(key, _REFERENCE_CHARACTERS_MAX) or None,
    )
    content = BucketObject(bucket=bucket, key=key)
    return (bucket, key), NoticedMail(content=content, envelope=envelope, position=position)
