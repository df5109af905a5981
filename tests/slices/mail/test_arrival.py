"""What queue messages carry: our own bodies, and those of other programs."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from wipsie.slices.mail.domain.arrival import (
    BucketObject,
    Envelope,
    LetterArrival,
    NotAnArrival,
    RawArrival,
    RawMail,
    incoming_key,
    letter_body,
    raw_body,
    raw_key,
    read_body,
)
from wipsie.slices.mail.domain.letter import Letter

LETTER = Letter(subject="Grüße \U0001f600", sender="John doe", timestamp_s=1693561101, content="a\0b", extra={"id": 1})


def test_a_letter_travels_as_plain_ascii_json() -> None:
    body = letter_body(LETTER)
    assert body.isascii()
    assert body.isprintable()
    assert json.loads(body) == LETTER.document()
    assert read_body(body) == LetterArrival(data=LETTER.document())


def test_foreign_messages_may_have_the_fields_within_data() -> None:
    document = LETTER.document()
    assert read_body(json.dumps({"token": "x", "data": document})) == LetterArrival(data=document)


def test_a_member_called_data_beside_the_fields_is_one_of_the_letter() -> None:
    document = {**LETTER.document(), "data": {"a": 1}}
    assert read_body(json.dumps(document)) == LetterArrival(data=document)


@pytest.mark.parametrize(
    "source",
    [
        RawMail(key=raw_key("ab" * 32), sha256="ab" * 32, size=2),
        RawMail(key=incoming_key("2025-10-04", str(UUID(int=1))), sha256="ab" * 32, size=2),
        BucketObject(bucket="inbox", key="x"),
    ],
    ids=["archived", "incoming", "elsewhere"],
)
def test_a_mail_that_lies_elsewhere_comes_back_with_its_envelope(source: RawMail | BucketObject) -> None:
    envelope = Envelope(door="smtp", received_at_ms=5, sender="ä@example.org", recipients=("b@example.org",))
    arrival = RawArrival(source=source, envelope=envelope)
    body = raw_body(arrival)
    assert body.isascii()
    assert read_body(body) == arrival


@pytest.mark.parametrize("body", ["", "no json", "[]", "3", '{"email_raw": 1}', '{"email_raw": {}}', "[" * 100_000])
def test_what_is_no_mail_is_told_apart(body: str) -> None:
    with pytest.raises(NotAnArrival):
        read_body(body)
