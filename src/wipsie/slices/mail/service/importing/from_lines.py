"""The line ``From sender date`` that parts the messages of an mbox file, and how lines that look like it are quoted.

Quoting is that of mboxrd: every line of a message that begins with ``From ``, behind any number of ``>``, gets one ``>`` more,
and loses it when it is read. Source: RFC 4155, and qmail's manual page of mbox.
"""

from __future__ import annotations

import re
import time
from calendar import timegm

from wipsie.kernel.limits import KIB

PIECE_BYTES = 64 * KIB
"""What is read of a line at once."""
_WORD = b"From "
_FROM_LINE_BYTES_MAX = 1_000
_CLOCK = re.compile(rb"\b[0-9]{1,2}:[0-9]{2}\b")
_DATE = re.compile(
    rb"\b(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(?P<day>[0-9]{1,2}) +"
    rb"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))? +"
    rb"(?:(?P<before>[+-][0-9]{4}|[A-Z]{1,5}) +)?(?P<year>[0-9]{4})\b(?: +(?P<after>[+-][0-9]{4}))?"
)
_MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"
_SENDER = re.compile(r"[!-~]{1,320}")
_NOBODY = "MAILER-DAEMON"


def from_line(sender: str | None, timestamp_s: int) -> bytes:
    """The line before a message, with its end; the time is in UTC."""
    name = sender if sender and _SENDER.fullmatch(sender) else _NOBODY
    # Of this function the months and days are English, whatever the machine speaks.
    return f"From {name} {time.asctime(time.gmtime(timestamp_s))}\n".encode()


class Quoting:
    """One pass over the lines of a message, piece by piece: adds the sign, or takes it away.

    A line may begin with more signs than a piece holds, so what it begins with is known only once they end. One sign is as good
    as another: whichever is added or left out makes the same line."""

    def __init__(self, *, adds: bool) -> None:
        self._adds = adds
        self._undecided = False
        self._sign = b""
        """Held back: it is the one that may have to go."""
        self._word = b""
        """What came of the word so far."""

    def take(self, piece: bytes, *, begins_line: bool) -> bytes:
        """What stands for the next piece."""
        if begins_line:
            if not piece.startswith((b">", b"F")):
                self._undecided = False
                return piece
            self._undecided = True
        if not self._undecided:
            return piece
        word = self._word + (piece if self._word else piece.lstrip(b">"))
        signs = self._sign + piece[: len(self._word) + len(piece) - len(word)]
        self._sign = self._word = b""
        if _WORD.startswith(word) and word != _WORD:
            self._word = word
            if not self._adds:
                self._sign, signs = signs[:1], signs[1:]
            return signs
        self._undecided = False
        if not word.startswith(_WORD):
            return signs + word
        return (b">" + signs if self._adds else signs[1:]) + word

    def rest(self) -> bytes:
        """What is held back of a last line without an end."""
        rest, self._sign, self._word = self._sign + self._word, b"", b""
        return rest


def is_from_line(line: bytes) -> bool:
    """Whether a line may part messages."""
    return line.startswith(_WORD) and len(line) <= _FROM_LINE_BYTES_MAX


def has_clock(line: bytes) -> bool:
    """Whether the time of day stands in the line, as it does in all but a few files."""
    return _CLOCK.search(line) is not None


def time_of(line: bytes) -> int | None:
    """Unix seconds of the date in the line, taken as UTC where it names no other; None without one."""
    found = _DATE.search(line)
    if found is None:
        return None
    month = _MONTHS.index(found["month"]) // 3 + 1
    day, hour, minute, second = (int(found[name] or 0) for name in ("day", "hour", "minute", "second"))
    if not (1 <= day <= 31 and hour <= 23 and minute <= 59 and second <= 60):
        return None
    zone = found["after"] or found["before"] or b""
    seconds = timegm((int(found["year"]), month, day, hour, minute, second))
    if zone[:1] in (b"+", b"-"):
        offset_s = int(zone[1:3]) * 3600 + int(zone[3:5]) * 60
        seconds -= offset_s if zone[:1] == b"+" else -offset_s
    return seconds
