"""Two copies of one mail are one, whatever ways they came; two mails are two."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from corpus import Read, multipart, raw

from wipsie.kernel import json
from wipsie.slices.mail.domain.mime import mail_identity

HEADER = (
    b"To: Bob <bob@example.org>, carol@example.org",
    b"Cc: Dora <dora@example.org>",
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    b"Message-ID: <1@example.org>",
)
TEXT = "Größe\r\nis what matters.\r\n".encode()


def mail(*header: bytes, text: bytes = TEXT, encoding: bytes = b"8bit", file: bytes = b"a,b\r\n") -> bytes:
    content = multipart(
        b"mixed",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (encoding, text),
        b"Content-Type: text/csv; name=a.csv\r\n\r\n" + file,
    )
    return b"\r\n".join((*header, *HEADER, content))


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return json.fingerprint(left) == json.fingerprint(right)


COPIES = {
    "other traces": mail(
        b"Received: from a by b; Mon, 2 Oct 2023 00:00:09 +0000",
        b"Return-Path: <bounce@example.org>",
        b"Delivered-To: bob@example.org",
        b"Bcc: eve@example.org",
        b"Authentication-Results: mx.example.org; spf=pass",
        b"X-Spam-Score: 3",
        b"DKIM-Signature: v=1",
    ),
    "LF": mail().replace(b"\r\n", b"\n"),
    "CR": mail().replace(b"\r\n", b"\r"),
    "base64": mail(text=base64.encodebytes(TEXT), encoding=b"base64"),
    "base64 of LF": mail(text=base64.encodebytes(TEXT.replace(b"\r", b"")), encoding=b"base64"),
    "quoted-printable": mail(text=TEXT.replace(b"\xc3\xb6", b"=C3=B6"), encoding=b"quoted-printable"),
    "a subject encoded otherwise": mail().replace(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", b"=?utf-8?b?R3LDvMOfZQ==?="),
    "a file with other line ends": mail(file=b"a,b\n\n"),
    "a mailbox": b"From ann@example.org Fri Sep  1 09:38:21 2023\r\n" + mail(),
    "a file to be shown otherwise": mail().replace(b"name=a.csv", b"name=a.csv\r\nContent-Disposition: inline"),
    "empty lines behind it": mail() + b"\r\n\r\n",
}
OTHERS = {
    "a letter of the text": mail(text=TEXT.replace(b"matters", b"natters")),
    "a letter of a file": mail(file=b"a,c\r\n"),
    "the name of a file": mail().replace(b"a.csv", b"b.csv"),
    "the type of a file": mail().replace(b"text/csv", b"text/xml"),
    "the subject": mail().replace(b"=C3=9F", b"ss"),
    "the sender": mail().replace(b"From: ann", b"From: eve"),
    "the date": mail().replace(b"09:38:21", b"09:38:22"),
    "the id": mail().replace(b"<1@", b"<2@"),
    "who it is to": mail().replace(b"carol@", b"carl@"),
    "who gets a copy": mail().replace(b"Cc: Dora", b"Cc: Doris"),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_the_same_mail(copy: bytes, read: Read) -> None:
    assert same(mail_identity(read(copy)), mail_identity(read(mail())))


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_was_changed_is_another_mail(other: bytes, read: Read) -> None:
    assert not same(mail_identity(read(other)), mail_identity(read(mail())))


def test_versions_of_the_text_that_are_not_shown_count(read: Read) -> None:
    first, second = (
        multipart(b"alternative", b"\r\nYour reader shows no HTML.", b"Content-Type: text/html\r\n\r\n<p>%s" % word)
        for word in (b"one", b"two")
    )
    assert read(first).text == read(second).text
    assert not same(mail_identity(read(first)), mail_identity(read(second)))


def test_the_time_a_server_noted_does_not_count(read: Read) -> None:
    first, second = (
        raw(b"x", b"Received: from a by b; Mon, 2 Oct 2023 00:00:0%d +0000" % second).replace(b"Date: ", b"X-Date: ")
        for second in (1, 2)
    )
    assert read(first).timestamp_s != read(second).timestamp_s
    assert same(mail_identity(read(first)), mail_identity(read(second)))


def test_the_identity_has_these_members_and_no_others(read: Read) -> None:
    identity = mail_identity(read(mail()))
    assert {name: value for name, value in identity.items() if name not in {"text", "attachments"}} == {
        "subject": "Grüße",
        "sender": "ann@example.org",
        "date": 1693561101,
        "message_id": "1@example.org",
        "to": [["Bob", "bob@example.org"], ["", "carol@example.org"]],
        "cc": [["Dora", "dora@example.org"]],
    }
    assert [one[:2] for one in identity["attachments"]] == [["a.csv", "text/csv"]]
