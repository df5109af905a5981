"""A mail that is put together: readable, the same each time, and nothing in it that its fields did not say."""

from __future__ import annotations

import time
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.foreign_texts import NAME_CHARACTERS_MAX, file_name, one_line
from wipsie.slices.mail.doors.webhooks.mime_headers import HEADER_CHARACTERS_MAX, header, mailbox
from wipsie.slices.mail.doors.webhooks.rebuilt import Attachment, Body, MailFields, rebuild
from wipsie.slices.mail.doors.webhooks.spool import MEMORY_BYTES_MAX, Spool

WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="=?"))
PIECES = st.one_of(st.binary(max_size=300), st.sampled_from([b"\r\n--=_mixed_", b"\r\n\r\n", b"."]))


def built(fields: MailFields) -> bytes:
    with Spool() as spool:
        content = rebuild(fields, spool)
        return content.read_bytes() if isinstance(content, Path) else content


def read(fields: MailFields) -> EmailMessage:
    parsed = BytesParser(policy=default).parsebytes(built(fields))
    assert isinstance(parsed, EmailMessage)
    assert not any(part.defects for part in parsed.walk())
    return parsed


@given(words=st.lists(WORDS.filter(bool), min_size=1, max_size=20))
def test_a_subject_is_read_as_it_was_given(words: list[str]) -> None:
    subject = " ".join(words)
    assert read(MailFields(headers=[("Subject", subject)]))["Subject"] == subject


@given(name=st.text(), value=st.text())
def test_no_header_begins_another(name: str, value: str) -> None:
    written = header(name, value)
    lines = written.split(b"\r\n")
    assert not written or written.endswith(b"\r\n")
    assert all(line.startswith(b" ") for line in lines[1:-1])
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert b"\r" not in written.replace(b"\r\n", b"")
    assert b"\0" not in written


@given(names=st.lists(WORDS.filter(lambda word: not set(word) & set('"\\\\')).map(lambda word: word[:11]), max_size=3))
def test_people_are_read_as_they_were_given(names: list[str]) -> None:
    people = [(name, f"{number}@example.org") for number, name in enumerate(names)]
    fields = MailFields(headers=[("To", ", ".join(mailbox(*person) for person in people))])
    # Longer names are several encoded words: the library reads a blank between them that is not there (RFC 2047, 6.2).
    assert [(one.display_name, one.addr_spec) for one in read(fields)["To"].addresses] == people


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Zoë Ünal <zoe@example.org>", ("Zoë Ünal", "zoe@example.org")),
        ("Zoë<zoe@example.org>", ("Zoë", "zoe@example.org")),
        ('"Ünal, Zoë" <zoe@example.org>', ("Ünal, Zoë", "zoe@example.org")),
        ('"Zoë \\"Z\\" Ünal" <zoe@example.org>', ('Zoë "Z" Ünal', "zoe@example.org")),
        ("Dr. Zoë Ünal-Example <zoe@example.org>", ("Dr. Zoë Ünal-Example", "zoe@example.org")),
        ("zoë@example.org", ("", "zoë@example.org")),
        ('"zoë"@example.org', ("", "zoë@example.org")),
        ("Ann <ann@exämple.org>", ("Ann", "ann@exämple.org")),
    ],
    ids=repr,
)
def test_names_beyond_ascii_do_not_touch_the_address(value: str, expected: tuple[str, str]) -> None:
    (found,) = read(MailFields(headers=[("From", value)]))["From"].addresses
    # The library leaves what is not ASCII in an address as the bytes it is.
    assert (found.display_name, found.addr_spec.encode("utf-8", "surrogateescape").decode()) == expected


@given(contents=st.lists(PIECES, max_size=6), text=PIECES, html=st.one_of(st.none(), PIECES))
def test_contents_come_back_byte_by_byte(contents: list[bytes], text: bytes, html: bytes | None) -> None:
    attachments = [
        Attachment(content=content, name=f"{number}.bin", content_type="a/b", content_id=f"{number}" * (number % 2))
        for number, content in enumerate(contents)
    ]
    fields = MailFields(
        headers=[("Subject", "x")],
        text=Body(content=text),
        html=None if html is None else Body(content=html),
        attachments=attachments,
    )
    leaves = [part for part in read(fields).walk() if not part.is_multipart()]
    by_name = {part.get_filename(): part.get_payload(decode=True) for part in leaves}
    assert by_name.pop(None) == (text if html is None else html)
    assert by_name == {attachment.name: attachment.content for attachment in attachments}
    assert built(fields) == built(fields)


def test_a_large_mail_lies_in_a_file() -> None:
    with Spool() as spool:
        content = bytes(range(256)) * (MEMORY_BYTES_MAX // 128)
        mail = rebuild(MailFields(headers=[], attachments=[Attachment(content=content)]), spool)
        assert isinstance(mail, Path)
        (attachment,) = BytesParser(policy=default).parsebytes(mail.read_bytes()).iter_attachments()
        assert attachment.get_content() == content


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("application/pdf", "application/pdf"),
        ("TEXT/Plain; charset=koi8-r", 'text/plain; charset="koi8-r"'),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed; boundary=x", "application/octet-stream"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ('text/html; charset="a\r\nX: y"', 'text/html; charset="a"'),
        ("", "application/octet-stream"),
    ],
    ids=range(7),
)
def test_the_type_of_a_file_is_one_or_none(given: str, kept: str) -> None:
    mail = read(MailFields(headers=[], attachments=[Attachment(content=b"x", name="n", content_type=given)]))
    (attachment,) = mail.iter_attachments()
    assert attachment["Content-Type"] == kept


@pytest.mark.parametrize(
    "name", ["a b.pdf", 'a"b.pdf', "größe 😀.pdf", "x" * 190 + "ü.pdf", "semi;colon.pdf", "%41.pdf"]
)
def test_the_name_of_a_file_is_read_as_it_was_given(name: str) -> None:
    mail = read(MailFields(headers=[], attachments=[Attachment(content=b"x", name=name)]))
    assert [part.get_filename() for part in mail.iter_attachments()] == [name]


@given(st.text())
def test_the_name_of_a_file_is_no_path(text: str) -> None:
    name = file_name(text)
    assert len(name) <= NAME_CHARACTERS_MAX
    assert not set(name) & set("/\\\0\r\n")
    assert name not in (".", "..")


@pytest.mark.parametrize(
    "value",
    [
        'é"\\' * HEADER_CHARACTERS_MAX,
        "é" + '"' * HEADER_CHARACTERS_MAX,
        "é" + "<" * HEADER_CHARACTERS_MAX,
        "é" + '"a' * HEADER_CHARACTERS_MAX,
        "é" + "(" * HEADER_CHARACTERS_MAX,
        "é " * HEADER_CHARACTERS_MAX,
        " " * HEADER_CHARACTERS_MAX + "é",
    ],
    ids=range(7),
)
@pytest.mark.parametrize("name", ["To", "Subject"])
def test_a_hostile_header_takes_no_longer_than_its_length_says(name: str, value: str) -> None:
    started_s = time.perf_counter()
    written = header(name, value)
    # About 20 ms; the square of the length would be minutes.
    assert time.perf_counter() - started_s < 2
    assert len(written) < 8 * HEADER_CHARACTERS_MAX


def test_a_text_on_one_line_has_no_control_characters() -> None:
    assert one_line("a\r\nb\0c\x85d\u2028e\ud800f", 100) == "a b c d e f"
    assert one_line("abc", 2) == "ab"
