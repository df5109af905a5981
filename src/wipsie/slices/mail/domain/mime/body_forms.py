"""The forms in which a body is signed (RFC 6376, section 3.4), from lines that end in CRLF or LF, in linear time."""

from __future__ import annotations

_LINE_END = b"\r\n"


def lines_of(body: bytes) -> bytes:
    """With CRLF as line ends, one at the end as well unless there is nothing."""
    lines = body.replace(_LINE_END, b"\n").replace(b"\n", _LINE_END)
    return lines if not lines or lines.endswith(_LINE_END) else lines + _LINE_END


def simple_body(lines: bytes) -> bytes:
    """``simple``: one line end at the end, and no empty lines."""
    return _without_line_ends(lines) + _LINE_END


def relaxed_body(lines: bytes) -> bytes:
    """``relaxed``: as ``simple``, with blanks as single spaces, none before a line end; nothing when nothing is left."""
    lines = lines.replace(b"\t", b" ")
    # Each round halves the longest run of blanks: cheaper in memory than a pattern, for a text is full of them.
    while b"  " in lines:
        lines = lines.replace(b"  ", b" ")
    kept = _without_line_ends(lines.replace(b" \r\n", _LINE_END))
    return kept + _LINE_END if kept else b""


def _without_line_ends(lines: bytes) -> bytes:
    kept = lines.rstrip(_LINE_END)
    # A CR in front of the CR of a line end belongs to the line.
    alone = lines.rfind(b"\r\r", len(kept))
    return kept if alone < 0 else lines[: alone + 1]
