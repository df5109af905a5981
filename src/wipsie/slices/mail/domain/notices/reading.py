"""Tells notices of Amazon's services from the other bodies of the queue of mail, and one from another."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.slices.mail.domain.arrival import NotAnArrival
from wipsie.slices.mail.domain.letter import BUCKET_OBJECT, CONTENT, OTHER_TIMESTAMP, RAW, SENDER, SUBJECT, TIMESTAMP
from wipsie.slices.mail.domain.notices.noticed import Noticed
from wipsie.slices.mail.domain.notices.s3 import read_s3_event
from wipsie.slices.mail.domain.notices.ses import read_ses_notice

_TOPIC_SET_UP = "Successfully validated SNS topic"
"""How the plain text begins that SES publishes when somebody names a topic in a rule."""
_NONE = msgspec.Raw()
_LETTER = (SUBJECT, SENDER, TIMESTAMP, OTHER_TIMESTAMP, CONTENT, RAW, BUCKET_OBJECT, "data")
"""A body with one of these members is a letter or one of ours, whatever else its sender put beside them."""

_NOTICE = ("Records", "Event", "notificationType", "Type", "TopicArn", "Message")
_TEST_EVENT = b'"s3:TestEvent"'
"""Sent once, when somebody lets a bucket notify a queue."""

Kind = Literal["s3", "s3 test", "ses", "sns"]

# One pass over a body that makes nothing of it: most bodies are letters.
_Marks = msgspec.defstruct("_Marks", [(name, msgspec.Raw, _NONE) for name in (*_LETTER, *_NOTICE)])
_marks_decoder = msgspec.json.Decoder(_Marks)


class _Envelope(msgspec.Struct, rename="pascal"):
    """A message of SNS, as far as a queue needs it. Source: Amazon SNS, "Fanout to Amazon SQS queues"."""

    type: str
    message: str


_envelope_decoder = msgspec.json.Decoder(_Envelope)


def read_notice(body: str, received_at_ms: int) -> Noticed | None:
    """What a notice tells of: an event of S3 or a notice of SES, as it is (raw message delivery) or within a message of SNS. None
    for a body that is no notice. NotAnArrival for a notice of which nothing can be told. `received_at_ms`: when the queue took
    it."""
    if body.startswith(_TOPIC_SET_UP):
        return _TOPIC
    kind = _kind_of(body)
    if kind is None:
        return None
    if kind != "sns":
        return _read(kind, body, received_at_ms)
    try:
        envelope = _envelope_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise NotAnArrival(f"The message of SNS cannot be read: {error}.") from None
    if envelope.type != "Notification":
        # Kept as a dead letter, address and all: nobody but the owner of the queue can know whether it is wanted.
        raise NotAnArrival(
            "The message of SNS is about a subscription; if the queue is to have the notices of this topic, open its SubscribeURL."
        )
    if envelope.message.startswith(_TOPIC_SET_UP):
        return _TOPIC
    inner = _kind_of(envelope.message)
    if inner is None or inner == "sns":
        raise NotAnArrival("The message of SNS holds neither an event of S3 nor a notice of SES.")
    return _read(inner, envelope.message, received_at_ms)


_TOPIC = Noticed(others=("SES: a topic was set up",))


def _kind_of(body: str) -> Kind | None:
    """None for what is no JSON object, or no notice."""
    try:
        marks = _marks_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    given = {name: bytes(value) for name in _Marks.__struct_fields__ if (value := getattr(marks, name)) is not _NONE}
    if any(name in given for name in _LETTER):
        return None
    if "Records" in given:
        return "s3"
    if given.get("Event") == _TEST_EVENT:
        return "s3 test"
    if "notificationType" in given:
        return "ses"
    return "sns" if all(name in given for name in ("Type", "TopicArn", "Message")) else None


def _read(kind: Kind, notice: str, received_at_ms: int) -> Noticed:
    if kind == "s3 test":
        return Noticed(others=("S3: a test",))
    if kind == "s3":
        return read_s3_event(notice, received_at_ms)
    mail = read_ses_notice(notice, received_at_ms)
    return Noticed(others=("SES: no mail that was received",)) if mail is None else Noticed(mails=(mail,))
