"""Everybody whom From names is an author: whoever is shown as the sender is among them."""

from __future__ import annotations

import pytest
from corpus import Read

from wipsie.slices.mail.domain.mime.parsed import AUTHORS_MAX
from wipsie.slices.mail.domain.mime.unreadable import unreadable_mail


@pytest.mark.parametrize(
    ("fields", "authors"),
    [
        ([b"From: Ann <ann@example.org>"], ("ann@example.org",)),
        ([b"From: ann@example.org, Bob <bob@example.net>"], ("ann@example.org", "bob@example.net")),
        ([b"From: ann@example.org", b"FROM: bob@example.net"], ("ann@example.org", "bob@example.net")),
        # What the first leaves open does not swallow the second, nor the other way round.
        ([b'From: "Ann', b"From: <bob@example.net>"], ("bob@example.net",)),
        ([b"From: ann@example.org (", b"From: bob@example.net"], ("ann@example.org", "bob@example.net")),
        ([b'From: "bank@example.com" <eve@example.net>'], ("eve@example.net",)),
        ([b"From: Team: ann@example.org, bob@example.net;"], ("ann@example.org", "bob@example.net")),
        ([b"From: Smith, Ann <ann@example.org>"], ("ann@example.org",)),
        ([b"From: nobody"], ()),
        ([b"From:"], ()),
        ([b"From: undisclosed:;"], ()),
        ([b"Sender: ann@example.org"], ()),
        ([], ()),
    ],
    ids=str,
)
def test_the_addresses_of_all_fields_from_are_authors(
    read: Read, fields: list[bytes], authors: tuple[str, ...]
) -> None:
    assert read(b"\r\n".join([*fields, b"Subject: s", b"", b"text"])).authors == authors


def test_the_address_that_is_shown_is_an_author_whatever_form_the_mail_has(read: Read) -> None:
    # Lines that end in CR alone are lines to the reader, and one field to others.
    tricky = b"From: ceo@bank.example\rX-Other: <eve@evil.example>\r\rtext"
    mail = read(tricky)
    assert mail.sender_address == "ceo@bank.example"
    assert mail.authors == ("ceo@bank.example",)


def test_so_many_authors_are_kept(read: Read) -> None:
    many = ", ".join(f"a{number}@example.org" for number in range(500)).encode()
    mail = read(b"From: " + many + b"\r\nFrom: " + many + b"\r\n\r\ntext")
    assert len(mail.authors) == AUTHORS_MAX
    assert unreadable_mail(many, "test").authors == ()
