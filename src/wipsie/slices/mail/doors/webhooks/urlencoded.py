"""application/x-www-form-urlencoded piece by piece (WHATWG URL, 5.1), so that a mail in one field needs no memory of its size."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote_to_bytes

from wipsie.slices.mail.doors.webhooks.refusals import Unreadable
from wipsie.slices.mail.doors.webhooks.spool import Spill, Spool

_NAME_BYTES_MAX = 4096


class UrlencodedParser:
    """Takes the body in chunks of any size::

    name ── "=" ──► value ── "&" or the end ──► a field is done
    """

    def __init__(self, spool: Spool, *, fields_max: int) -> None:
        self._spool = spool
        self._fields_max = fields_max
        self._separators = 0
        self._done: list[tuple[str, bytes | Path, int]] = []
        self._name = bytearray()
        self._value: Spill | None = None
        self._undecoded = b""
        """The beginning of an escape whose end is in the next chunk."""

    def write(self, chunk: bytes) -> None:
        """Take more. Unreadable for more than `fields_max` fields, and for a name without end."""
        self._separators += chunk.count(b"&")
        if self._separators >= self._fields_max:
            raise Unreadable(f"The form has more than {self._fields_max} fields.")
        for number, piece in enumerate(chunk.split(b"&")):
            if number:
                self._end_field()
            self._take(piece)

    def finish(self) -> list[tuple[str, bytes | Path, int]]:
        """(name, value, size of the value) of every field, in their order."""
        self._end_field()
        return self._done

    def _take(self, piece: bytes) -> None:
        if self._value is None:
            name, equals, piece = piece.partition(b"=")
            self._name += name
            if len(self._name) > _NAME_BYTES_MAX:
                raise Unreadable("The form has a field with an endless name.")
            if not equals:
                return
            self._value = Spill(self._spool)
        raw = self._undecoded + piece
        escape = raw.rfind(b"%", max(0, len(raw) - 2))
        self._undecoded = b"" if escape < 0 else raw[escape:]
        self._value.write(_decoded(raw if escape < 0 else raw[:escape]))

    def _end_field(self) -> None:
        if self._name or self._value is not None:
            value = self._value or Spill(self._spool)
            value.write(_decoded(self._undecoded))
            name = _decoded(bytes(self._name)).decode("utf-8", "replace")
            self._done.append((name, value.finish(), value.size))
        self._name.clear()
        self._value = None
        self._undecoded = b""


def _decoded(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))
