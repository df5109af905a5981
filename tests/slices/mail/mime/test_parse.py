"""Whatever comes is read: what is in a fine mail, what can be told of a broken one, and never more than the bounds allow."""

from __future__ import annotations

import email
import email.policy
import hashlib
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import msgspec
import pytest
from corpus import ALL, BROKEN, FINE, PDF, PICTURE, Read, Sample, multipart, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from wipsie.slices.mail.domain.mime import ParsedMail, parse_mail
from wipsie.slices.mail.domain.mime.parsed import (
    ADDRESS_CHARACTERS_MAX,
    ADDRESSES_MAX,
    AUTHENTICATION_CHARACTERS_MAX,
    AUTHENTICATION_MAX,
    DEFECT_CHARACTERS_MAX,
    DEFECTS_MAX,
    FILE_NAME_CHARACTERS_MAX,
    ID_CHARACTERS_MAX,
    LINE_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    PARTS_MAX,
    REFERENCES_MAX,
    SOURCE_BYTES_MAX,
    TEXT_CHARACTERS_MAX,
)
from wipsie.slices.mail.domain.mime.unreadable import UNREADABLE


def check_bounds(mail: ParsedMail, folder: Path) -> None:
    """What holds for every mail."""
    assert msgspec.json.decode(msgspec.json.encode(mail), type=ParsedMail) == mail
    # As it comes back from the process that read it.
    assert pickle.loads(pickle.dumps(mail)) == mail  # noqa: S301 - our own bytes
    assert not any(UNREADABLE in defect for defect in mail.defects)
    people = (*mail.to, *mail.cc, *mail.reply_to)
    lines = [
        (mail.sender, LINE_CHARACTERS_MAX),
        (mail.subject, LINE_CHARACTERS_MAX),
        (mail.sender_address or "-", ADDRESS_CHARACTERS_MAX),
        (mail.message_id or "-", ID_CHARACTERS_MAX),
        (mail.in_reply_to or "-", ID_CHARACTERS_MAX),
        (mail.list_id or "-", ID_CHARACTERS_MAX),
        *((one, ID_CHARACTERS_MAX) for one in mail.references),
        *((one.name, NAME_CHARACTERS_MAX) for one in people),
        *((one.address, ADDRESS_CHARACTERS_MAX) for one in people),
        *((one, AUTHENTICATION_CHARACTERS_MAX) for one in mail.authentication),
        *((one, DEFECT_CHARACTERS_MAX) for one in mail.defects),
        *((one.name, FILE_NAME_CHARACTERS_MAX) for one in mail.attachments),
        *((one.media_type, 201) for one in mail.attachments),
        *((one.content_id or "-", ID_CHARACTERS_MAX) for one in mail.attachments),
    ]
    for line, characters_max in lines:
        assert len(line) <= characters_max
        assert len(line.splitlines()) <= 1
        assert line == line.strip()
        assert not any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in line)
    assert mail.sender
    assert all(one.name or one.address for one in people)
    assert len(people) <= ADDRESSES_MAX
    assert len(mail.references) <= REFERENCES_MAX
    assert len(mail.authentication) <= AUTHENTICATION_MAX
    assert len(mail.defects) <= DEFECTS_MAX
    assert len(set(mail.defects)) == len(mail.defects)
    assert len(mail.text) <= TEXT_CHARACTERS_MAX
    mail.text.encode()
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in set(mail.text))
    assert (mail.timestamp_s is None) == (mail.timestamp_from is None)
    assert mail.timestamp_s is None or 0 <= mail.timestamp_s < 2**32
    assert [one.number for one in mail.attachments] == list(range(1, len(mail.attachments) + 1))
    assert len(mail.attachments) <= PARTS_MAX
    assert {path.name for path in folder.iterdir()} == {one.sha256 for one in mail.attachments}
    for one in mail.attachments:
        content = (folder / one.sha256).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one.size, one.sha256)
        assert one.name
        assert "/" not in one.name
        assert "\\" not in one.name


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: cast("Sample", sample).name)
def test_a_mail_is_read_as_promised(sample: Sample, read: Read, attachments: Path) -> None:
    mail = read(sample.content)
    check_bounds(mail, attachments)
    told = {name: getattr(mail, name) for name in sample.promise}
    for name in {"to", "cc", "reply_to"} & set(told):
        told[name] = tuple((one.name, one.address) for one in told[name])
    assert told == sample.promise
    if sample.defect != "*":
        assert [
            (one.name, one.media_type, (attachments / one.sha256).read_bytes()) for one in mail.attachments
        ] == sample.files or sample.is_truncated
        assert mail.is_truncated == sample.is_truncated
        assert sample.defect in " ".join(mail.defects)


@pytest.mark.parametrize("sample", FINE, ids=lambda sample: cast("Sample", sample).name)
def test_a_fine_mail_has_no_defects(sample: Sample, read: Read) -> None:
    mail = read(sample.content)
    assert (mail.defects, mail.is_truncated) == ((), False)
    assert mail.timestamp_from == "date"
    assert mail.timestamp_s == 1693561101
    assert mail.sender_address is not None


@pytest.mark.parametrize("sample", FINE, ids=lambda sample: cast("Sample", sample).name)
def test_line_ends_change_nothing_but_files_that_have_them(sample: Sample, read: Read) -> None:
    mail = read(sample.content)
    other = read(sample.content.replace(b"\r\n", b"\n"))
    assert [one.fingerprint for one in other.attachments] == [one.fingerprint for one in mail.attachments]
    assert msgspec.structs.replace(other, attachments=()) == msgspec.structs.replace(mail, attachments=())


_BY_LIBRARY = [sample for sample in FINE if b"MIME-Version: 1.0" in sample.content]


@pytest.mark.parametrize("sample", _BY_LIBRARY, ids=lambda sample: cast("Sample", sample).name)
def test_a_mail_the_standard_library_wrote_is_read_as_it_reads_it_itself(
    sample: Sample, read: Read, attachments: Path
) -> None:
    theirs = email.message_from_bytes(sample.content, policy=email.policy.default)
    ours = read(sample.content)
    body = theirs.get_body(("plain",))
    assert body is not None
    assert ours.text == body.get_content().rstrip()
    assert (ours.subject, ours.sender) == (theirs["subject"], theirs["from"])
    assert ours.message_id == theirs["message-id"].strip("<>")
    files = [part for part in theirs.walk() if part.get_content_maintype() in {"application", "image"}]
    assert [(part.get_content_type(), part.get_content()) for part in files] == [
        (one.media_type, (attachments / one.sha256).read_bytes())
        for one in ours.attachments
        if one.media_type.startswith(("application/", "image/"))
    ]


def test_a_picture_within_the_text_is_told_from_a_file(read: Read) -> None:
    mail = read(
        multipart(
            b"related; start=page",
            b"Content-Type: image/png\r\nContent-ID: <one>\r\n\r\nPNG",
            b"Content-Type: text/html\r\nContent-ID: <page>\r\n\r\n<img src=cid:one>words",
            b"Content-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nPNG2",
            b"Content-Type: text/plain\r\n\r\nstyle",
        )
    )
    assert mail.text == "words"
    assert [(one.content_id, one.is_inline) for one in mail.attachments] == [("one", True), (None, False), (None, True)]


def test_a_version_that_is_not_shown_takes_no_room_of_the_one_that_is(read: Read) -> None:
    long = b"x" * 5_000_000
    mail = read(multipart(b"alternative", b"\r\n" + long[:4_000_000], b"Content-Type: text/html\r\n\r\n<p>" + long))
    assert (len(mail.text), mail.text_from, mail.is_truncated) == (4_000_000, "plain", False)


def test_one_content_is_one_file(read: Read, attachments: Path) -> None:
    part = b"Content-Type: image/png\r\n\r\nPNG"
    mail = read(multipart(b"mixed", part, part))
    assert [one.name for one in mail.attachments] == ["attachment-1.png", "attachment-2.png"]
    assert len(list(attachments.iterdir())) == 1


def test_what_lies_too_deep_is_kept_as_a_file(read: Read, attachments: Path) -> None:
    inner = b"\r\n--b50\r\n\r\ndeep words"
    body = b"".join(b"\r\n--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n" % (n, n + 1) for n in range(50))
    mail = read(raw(body + inner, b"Content-Type: multipart/mixed; boundary=b0"))
    (sealed,) = mail.attachments
    assert sealed.media_type == "multipart/mixed"
    assert b"deep words" in (attachments / sealed.sha256).read_bytes()


def test_text_digests_cover_what_is_left_out(read: Read) -> None:
    many = [b"\r\n"] * 1_500
    assert (
        read(multipart(b"mixed", *many, b"\r\na")).text_sha256 != read(multipart(b"mixed", *many, b"\r\nb")).text_sha256
    )
    long = b"x" * 9_000_000
    assert read(raw(long + b"a")).text_sha256 != read(raw(long + b"b")).text_sha256


@pytest.mark.slow
def test_a_mail_of_any_size_is_read_up_to_a_bound(tmp_path: Path, attachments: Path) -> None:
    source = tmp_path / "mail"
    header = raw(b"", b"Content-Type: application/zip")
    for size, is_truncated in ((SOURCE_BYTES_MAX, False), (SOURCE_BYTES_MAX + 1, True)):
        source.write_bytes(header)
        with source.open("r+b") as file:
            file.truncate(size)
        mail = parse_mail(source, attachments)
        assert mail.is_truncated == is_truncated
        assert mail.attachments[0].size == SOURCE_BYTES_MAX - len(header)


def test_errors_of_files_are_the_callers(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        parse_mail(tmp_path / "none", tmp_path)
    (tmp_path / "mail").write_bytes(multipart(b"mixed", b"Content-Type: image/png\r\n\r\nPNG"))
    with pytest.raises(FileNotFoundError):
        parse_mail(tmp_path / "mail", tmp_path / "none")


def test_a_mail_that_nothing_can_be_made_of_is_text(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(multipart(b"mixed", b"Content-Type: image/png\r\n\r\nPNG \xfc"))
    # A folder of this name is no error of a file for Python, but one of a value: nobody expects it while reading.
    mail = parse_mail(tmp_path / "mail", Path("no\0folder"))
    assert "PNG ü" in mail.text
    assert mail.sender == "(unknown sender)"
    assert UNREADABLE in mail.defects[0]
    assert "ValueError" in mail.defects[0]


def test_a_file_that_broke_off_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(multipart(b"mixed", b"Content-Type: image/png\r\n\r\nPNG"))
    folder = tmp_path / "attachments"
    folder.mkdir()
    # A folder that stands where the file has to go.
    (folder / hashlib.sha256(b"PNG").hexdigest() / "in-the-way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        parse_mail(tmp_path / "mail", folder)
    assert len(list(folder.iterdir())) == 1


# ---------------------------------------------------------------------------------------------------------- properties

_small = [sample.content for sample in (*FINE, *BROKEN) if len(sample.content) < 5_000]
_pieces = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"--edge\r\n",
        b"--edge--\r\n",
        b"Content-Type: multipart/alternative; boundary=edge\r\n",
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Disposition: attachment; filename*0*=utf-16''%D8\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Transfer-Encoding: x-uue\r\n",
        b"Subject: =?utf-7?q?+2AA-?= =?utf-16?b?ANg=?=\r\n",
        b"From: <\r\n",
        b'To: ("<@,:;[\\\r\n',
        b"Date: 0 0 0 0:0\r\n",
        b"begin 644 a\n#",
        b"<a href='http://[x'>&#xd800;",
        b"\0\xff\xfe",
        PDF,
        PICTURE[:40],
    ]
)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    content = draw(st.sampled_from(_small))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 30)))
        content = content[:start] + draw(_pieces | st.binary(max_size=10)) + content[end:]
    return content


_any_bytes = st.binary(max_size=300) | st.lists(_pieces | st.binary(max_size=20), max_size=20).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(_any_bytes | _mutated())
def test_any_bytes_are_read_within_the_bounds_and_always_the_same(content: bytes) -> None:
    with TemporaryDirectory() as place:
        source = Path(place) / "mail"
        source.write_bytes(content)
        mails: list[ParsedMail] = []
        for name in ("first", "second"):
            folder = Path(place) / name
            folder.mkdir()
            mails.append(parse_mail(source, folder))
            check_bounds(mails[-1], folder)
        assert mails[0] == mails[1]
