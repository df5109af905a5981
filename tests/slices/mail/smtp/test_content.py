"""Whatever bytes a mail is made of arrive, and nothing but CR LF . CR LF ends it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.doors.smtp.content import ContentReader

NEXT = b"MAIL FROM:<a@example.org>\r\n"
# Bytes in which lines, dots and ends of all kinds are near each other.
CONTENTS = st.one_of(
    st.binary(max_size=200), st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"a"])).map(b"".join)
)


def stuffed(content: bytes) -> bytes:
    """As RFC 5321, 4.5.2, has a client send it: lines end with CR LF, and a dot before them is doubled."""
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def read(chunks: list[bytes]) -> tuple[bytes, bytes | None]:
    """The content, and what came after it; None when it has not ended."""
    reader = ContentReader()
    content = b""
    for number, chunk in enumerate(chunks):
        content += reader.feed(chunk)
        if reader.has_ended:
            return content, reader.rest + b"".join(chunks[number + 1 :])
    return content, None


@given(content=CONTENTS, cuts=st.lists(st.integers(0, 250), max_size=10))
def test_any_bytes_arrive_however_they_were_cut(content: bytes, cuts: list[int]) -> None:
    sent = stuffed(content) + NEXT
    edges = [0, *sorted(cuts), len(sent)]
    chunks = [sent[start:end] for start, end in pairwise(edges)]
    complete = content if not content or content.endswith(b"\r\n") else content + b"\r\n"
    assert read(chunks) == (complete, NEXT)


@pytest.mark.parametrize("content", [b"", b"\r\n", b".\r\n", b"a\r\n..\r\n", b"..\r\n.\r\n\r\n", b"a\r\n"], ids=repr)
def test_the_end_may_be_cut_anywhere(content: bytes) -> None:
    sent = stuffed(content) + NEXT
    for cut in range(len(sent)):
        assert read([sent[:cut], sent[cut:]]) == (content, NEXT)
    assert read([bytes([byte]) for byte in sent]) == (content, NEXT)


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n.\r\r\n", b"\r\r\n.\n", b"\n\r.\n"],
    ids=repr,
)
def test_what_looks_like_the_end_is_content(end: bytes) -> None:
    forged = b"text" + end + NEXT
    content, rest = read([forged + b"\r\n.\r\n"])
    assert rest == b""
    # A dot that begins a line is the client's own doubling, whatever follows it.
    assert content == forged.replace(b"\r\n.", b"\r\n") + b"\r\n"


def test_a_mail_that_has_not_ended_holds_back_no_more_than_four_bytes() -> None:
    content, rest = read([b"abc\r\n.\r"])
    assert (content, rest) == (b"abc", None)
