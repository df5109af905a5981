"""Forms in pieces of any size, and forms that are none."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider_requests import BOUNDARY, Part, multipart

from wipsie.slices.mail.doors.webhooks.forms import FIELDS_MAX, Form, read_form
from wipsie.slices.mail.doors.webhooks.inbound import Post
from wipsie.slices.mail.doors.webhooks.refusals import Unreadable
from wipsie.slices.mail.doors.webhooks.spool import CHUNK_BYTES, MEMORY_BYTES_MAX, Spool
from wipsie.slices.mail.doors.webhooks.urlencoded import UrlencodedParser

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def read(content_type: str, body: bytes) -> Form:
    with Spool() as spool:
        return read_form(Post(headers={"content-type": content_type}, body=body, received_at_ms=1), spool)


@given(
    pairs=st.lists(st.tuples(st.text(min_size=1), st.binary()), max_size=8),
    cuts=st.lists(st.integers(0, 200)),
)
def test_an_urlencoded_form_is_the_same_however_it_is_cut(pairs: list[tuple[str, bytes]], cuts: list[int]) -> None:
    body = urlencode([(name.encode("utf-8", "replace"), value) for name, value in pairs]).encode()
    with Spool() as spool:
        parser = UrlencodedParser(spool, fields_max=FIELDS_MAX)
        places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
        for start, end in pairwise(places):
            parser.write(body[start:end])
        found = [(name, value) for name, value, _ in parser.finish()]
    assert found == [(name.encode("utf-8", "replace").decode(), value) for name, value in pairs]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"&&", []),
        (b"a", [("a", b"")]),
        (b"=b", [("", b"b")]),
        (b"a=%", [("a", b"%")]),
        (b"a=%4", [("a", b"%4")]),
        (b"a=%zz&b=+%2B", [("a", b"%zz"), ("b", b" +")]),
        (b"a=1=2", [("a", b"1=2")]),
    ],
    ids=repr,
)
def test_odd_urlencoded_forms_are_read_as_browsers_read_them(body: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert [(field.name, field.content) for field in read(URLENCODED, body).fields] == expected


@given(content=st.binary(max_size=2_000).map(lambda some: some * 100))
def test_a_multipart_form_gives_back_what_was_put_in(content: bytes) -> None:
    headers, body = multipart([Part("a", content, "ä.bin", "x/y"), Part("b", b"")])
    form = read(headers["Content-Type"], body)
    first, second = form.fields
    assert (first.name, first.content, first.file_name, first.content_type) == ("a", content, "ä.bin", "x/y")
    assert (second.name, second.content, second.file_name) == ("b", b"", None)


def test_large_fields_lie_in_files_and_are_no_texts() -> None:
    content = bytes(range(256)) * (MEMORY_BYTES_MAX // 256 + 1)
    _, body = multipart([Part("a", content), Part("b", b"b")])
    for kind, form_body in ((MULTIPART, body), (URLENCODED, urlencode([("a", content), ("b", "b")]).encode())):
        with Spool() as spool:
            post = Post(headers={"content-type": kind}, body=form_body, received_at_ms=1)
            form = read_form(post, spool)
            (field,) = form.all("a")
            assert isinstance(field.content, Path)
            assert field.content.read_bytes() == content
            assert (form.text("a"), form.text("b"), form.text("c"), form.last_text("b")) == (None, "b", None, "b")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form",
        b"\r\n" * CHUNK_BYTES,
        b"x" * 10 * CHUNK_BYTES,
        f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\n\r\nx".encode(),
        f"--{BOUNDARY}\r\nA: {'x' * 10_000}\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\n".encode() + b"A: b\r\n" * 100,
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--{BOUNDARY}".encode()
        + b" " * 10 * CHUNK_BYTES,
        multipart([Part("a", b"")] * (FIELDS_MAX + 1))[1],
        multipart([Part("a", f"\r\n--{BOUNDARY}X".encode() * 3 * FIELDS_MAX)])[1],
    ],
    ids=[
        "empty",
        "no form",
        "blank lines",
        "no boundary",
        "no header",
        "no name",
        "cut",
        "a long header",
        "many headers",
        "padded without end",
        "too many fields",
        "too many that are none",
    ],
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(MULTIPART, body)


@pytest.mark.parametrize(
    "body", [b"a=1&" * FIELDS_MAX, b"&" * 10 * CHUNK_BYTES, b"a" * CHUNK_BYTES], ids=["fields", "signs", "a name"]
)
def test_an_urlencoded_form_without_end_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(URLENCODED, body)


def test_a_boundary_has_an_end() -> None:
    with pytest.raises(Unreadable):
        read(f"multipart/form-data; boundary={'x' * 1_000}", b"")
