"""mbox files: what was written is what is read, to the byte, and nothing in a file makes the reader lose its bounds."""

from __future__ import annotations

import itertools
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keepers import mail, mbox

from wipsie.slices.mail.service.importing.from_lines import PIECE_BYTES, Quoting, from_line, time_of
from wipsie.slices.mail.service.importing.mbox import MEMORY_BYTES_MAX, MboxMail, MboxReader

LINES = st.one_of(
    st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")),
    st.sampled_from(
        [
            b"",
            b"\r",
            b"From ",
            b"From ann Mon Jan  1 10:00:00 2024",
            b">From x",
            b">>>From x",
            b">",
            b"From:",
            b" From ",
        ]
    ),
)
MESSAGES = st.lists(LINES, max_size=12).map(lambda lines: b"".join(line + b"\n" for line in lines))


def read(path: Path, *, bytes_max: int = 1 << 30) -> list[MboxMail]:
    return list(MboxReader(path, folder=path.parent / "spill", bytes_max=bytes_max).mails())


def contents(path: Path) -> list[bytes]:
    """What the messages are, wherever they lie."""
    found: list[bytes] = []
    for one in read(path):
        assert one.content is not None
        content = one.content.read_bytes() if isinstance(one.content, Path) else one.content
        assert one.size == len(content)
        found.append(content)
    return found


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@given(messages=st.lists(MESSAGES, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_messages_are_read_back_as_they_were_written(messages: list[bytes], tmp_path: Path) -> None:
    path = written(tmp_path / "any.mbox", mbox(messages))
    assert contents(path) == messages
    offsets = [one.offset for one in read(path)]
    assert all(path.read_bytes()[offset:].startswith(b"From ") for offset in offsets)


@given(
    pieces=st.lists(st.sampled_from([b">", b">>>", b"F", b"Fr", b"From", b"From ", b"rom ", b" ", b"x"]), max_size=9)
)
def test_a_line_in_any_pieces_is_quoted_to_one_sign_more_and_back(pieces: list[bytes]) -> None:
    line = b"".join(pieces)
    expected = b">" + line if line.lstrip(b">").startswith(b"From ") else line
    assert in_pieces(pieces, adds=True) == expected
    again = [expected[place : place + 2] for place in range(0, len(expected), 2)]
    assert in_pieces(again, adds=False) == line


def in_pieces(pieces: list[bytes], *, adds: bool) -> bytes:
    quoting = Quoting(adds=adds)
    given = [piece for piece in pieces if piece]
    return b"".join(quoting.take(piece, begins_line=not place) for place, piece in enumerate(given)) + quoting.rest()


@pytest.mark.parametrize("signs", [1, PIECE_BYTES - 5, PIECE_BYTES - 3, PIECE_BYTES, 3 * PIECE_BYTES], ids=repr)
def test_lines_with_any_number_of_signs_before_from_come_back(signs: int, tmp_path: Path) -> None:
    message = b"a\n" + b">" * signs + b"From here\n"
    file = from_line("a@example.org", 5) + b"a\n>" + message[2:] + b"\n"
    assert contents(written(tmp_path / "signs.mbox", file)) == [message]


def test_a_paragraph_that_begins_with_from_parts_no_messages_where_the_lines_hold_a_time(tmp_path: Path) -> None:
    letter = b"Subject: a\n\nDear Bob,\n\nFrom now on we meet.\n\nFrom Monday on, too.\n"
    file = from_line("a@example.org", 5) + letter + b"\n" + from_line("b@example.org", 6) + b"Subject: b\n\nYes.\n"
    assert contents(written(tmp_path / "sloppy.mbox", file)) == [letter, b"Subject: b\n\nYes.\n"]


def test_a_file_whose_lines_hold_no_time_is_parted_too(tmp_path: Path) -> None:
    file = b"From nobody\nSubject: a\n\nOne.\n\nFrom nobody\nSubject: b\n\nTwo.\n"
    assert contents(written(tmp_path / "plain.mbox", file)) == [b"Subject: a\n\nOne.\n", b"Subject: b\n\nTwo.\n"]


def test_files_with_crlf_and_without_a_last_line_end_are_read(tmp_path: Path) -> None:
    first = from_line("a@example.org", 5).replace(b"\n", b"\r\n")
    file = first + b"Subject: a\r\n\r\n>From me\r\n\r\n" + first + b"Subject: b\r\n\r\nno end"
    assert contents(written(tmp_path / "crlf.mbox", file)) == [
        b"Subject: a\r\n\r\nFrom me\r\n",
        b"Subject: b\r\n\r\nno end",
    ]


def test_a_line_without_end_fills_a_file_and_not_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "line.mbox"
    with path.open("wb") as file:
        file.write(from_line("a@example.org", 5) + b"Subject: a\n\n")
        for _ in range(100):
            file.write(b"x" * 1024 * 1024)
        file.write(b"\n\n" + from_line("a@example.org", 6) + b"Subject: b\n\nShort.\n\n")
    reader = MboxReader(path, folder=tmp_path / "spill", bytes_max=1 << 30)
    tracemalloc.start()
    try:
        first, second = reader.mails()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(first.content, Path)
    assert first.content.stat().st_size == first.size == 100 * 1024 * 1024 + len(b"Subject: a\n\n\n")
    assert second.content == b"Subject: b\n\nShort.\n"
    assert peak < 8 * MEMORY_BYTES_MAX


def test_a_message_over_the_bound_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    large = b"Subject: large\n\n" + b"y\n" * MEMORY_BYTES_MAX
    path = written(tmp_path / "large.mbox", mbox([mail(1), large, mail(2)]))
    first, second, third = read(path, bytes_max=len(large) - 1)
    assert (second.content, second.size) == (None, len(large))
    assert (first.content, third.content) == (mail(1), mail(2))
    assert list((tmp_path / "spill").iterdir()) == []


def test_a_reader_that_is_stopped_or_left_ends_at_a_whole_message_and_removes_what_was_half_read(
    tmp_path: Path,
) -> None:
    large = b"Subject: large\n\n" + b"y\n" * MEMORY_BYTES_MAX
    path = written(tmp_path / "many.mbox", mbox([mail(1), large, mail(2)]))
    reader = MboxReader(path, folder=tmp_path / "spill", bytes_max=1 << 30)
    mails = reader.mails()
    assert next(mails).content == mail(1)
    reader.stop()
    assert list(mails) == []
    left = MboxReader(path, folder=tmp_path / "spill", bytes_max=1 << 30).mails()
    assert len(list(itertools.islice(left, 2))) == 2
    left.close()
    assert len(list((tmp_path / "spill").iterdir())) == 1


DATES = {
    b"From ann@example.org Mon Apr  1 12:34:56 2024": "2024-04-01T12:34:56",
    b"From - Mon Apr 01 12:34:56 2024": "2024-04-01T12:34:56",
    b"From 1795@xxx Mon Apr 01 12:34:56 +0000 2024": "2024-04-01T12:34:56",
    b"From ann Mon Apr  1 12:34:56 +0230 2024": "2024-04-01T10:04:56",
    b"From ann Mon Apr  1 12:34 2024": "2024-04-01T12:34:00",
    b"From ann Mon Apr  1 12:34:56 CET 2024 remote from x": "2024-04-01T12:34:56",
    b"From ann at example.org  Mon Apr  1 12:34:56 2024 -0100": "2024-04-01T13:34:56",
    b"From ann Mon Apr 99 12:34:56 2024": None,
    b"From ann Mon Apr  1 25:34:56 2024": None,
    b"From ann": None,
    b"From \xff\xfe": None,
}


@pytest.mark.parametrize("line", DATES, ids=repr)
def test_the_time_of_a_message_is_that_of_its_line(line: bytes) -> None:
    found = time_of(line)
    assert (None if found is None else datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%dT%H:%M:%S")) == DATES[line]


@given(sender=st.one_of(st.none(), st.text(max_size=400)), timestamp_s=st.integers(0, 2**32 - 1))
def test_the_line_we_write_is_one_line_of_three_parts_and_says_the_time(sender: str | None, timestamp_s: int) -> None:
    line = from_line(sender, timestamp_s)
    assert line.count(b"\n") == 1
    assert len(line.split(b" ", 2)[1]) > 0
    assert time_of(line) == timestamp_s
