"""Reads an mbox file as a stream, whatever its size: one message in memory at a time, and a large one in a file instead.

A message begins at a line ``From `` at the start of the file or after an empty line, and ends before the empty line in front
of the next. Where the first of these lines holds a time, the others must too: some programs do not quote a paragraph that
begins with this word. Bytes are kept as they are, line ends too.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from wipsie.kernel.limits import MIB
from wipsie.slices.mail.service.importing.from_lines import (
    PIECE_BYTES,
    Quoting,
    has_clock,
    is_from_line,
    time_of,
)

MEMORY_BYTES_MAX = MIB
"""Of one message; a larger one lies in a file."""
_EMPTY_LINES = (b"\n", b"\r\n")


class MboxMail(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the file."""

    offset: int
    """Of its ``From `` line, in bytes."""
    size: int
    """In bytes, as it stands in the message; of one that is too large, at least this."""
    content: bytes | Path | None
    """None: it is larger than `bytes_max`. A file is the reader's caller's to remove."""
    from_line_s: int | None
    """Unix seconds in its ``From `` line."""


class MboxReader:
    """One pass over one file. Not for two threads at once; `stop` may come from another."""

    def __init__(self, path: Path, *, folder: Path, bytes_max: int) -> None:
        """`folder`: for messages that are too large for the memory; made when it is needed."""
        self._path = path
        self._folder = folder
        self._bytes_max = bytes_max
        self._message: _Message | None = None
        self._stopped = False

    def stop(self) -> None:
        """End `mails` soon: what it gave is whole, what it was reading is dropped."""
        self._stopped = True

    def mails(self) -> Generator[MboxMail]:
        """The messages, in their order. OSError. Close it when it is left early."""
        try:
            with self._path.open("rb") as file:
                for message in self._messages(file):
                    yield message.taken()
        finally:
            if self._message is not None:
                self._message.drop()

    def _messages(self, file: BinaryIO) -> Iterator[_Message]:
        """The whole ones; `_message` is the one that is being read."""
        clocks = False
        offset = 0
        begins_line = after_empty = True
        quoting = Quoting(adds=False)
        empty = b""
        """An empty line that belongs to the message unless another begins after it."""
        while not self._stopped and (piece := file.readline(PIECE_BYTES)):
            message = self._message
            is_empty = begins_line and piece in _EMPTY_LINES
            if begins_line and after_empty and is_from_line(piece) and (has_clock(piece) or not clocks):
                if message is not None:
                    yield message
                else:
                    clocks = has_clock(piece)
                self._message = _Message(self._folder, offset, self._bytes_max, time_of(piece))
                empty = b""
            elif message is not None:
                message.add(empty)
                empty = piece if is_empty else b""
                if not is_empty:
                    message.add(quoting.take(piece, begins_line=begins_line))
            after_empty = is_empty
            begins_line = piece.endswith(b"\n")
            offset += len(piece)
        if self._message is not None and not self._stopped:
            self._message.add(quoting.rest())
            yield self._message


class _Message:
    """A message that is being read."""

    def __init__(self, folder: Path, offset: int, bytes_max: int, from_line_s: int | None) -> None:
        # Messages of several files may be under way at once.
        self._path = folder / f"{secrets.token_hex(8)}.eml"
        self._offset = offset
        self._bytes_max = bytes_max
        self._from_line_s = from_line_s
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self._size = 0

    def add(self, content: bytes) -> None:
        """More of it; beyond the bound nothing is kept but the count."""
        self._size += len(content)
        if self._size > self._bytes_max:
            self.drop()
            return
        self._memory += content
        if self._file is not None or len(self._memory) > MEMORY_BYTES_MAX:
            if self._file is None:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = self._path.open("xb")
            self._file.write(self._memory)
            self._memory.clear()

    def taken(self) -> MboxMail:
        """The whole message, handed over."""
        content: bytes | Path | None
        if self._size > self._bytes_max:
            content = None
        elif self._file is not None:
            self._file.close()
            self._file = None
            content = self._path
        else:
            content = bytes(self._memory)
        return MboxMail(offset=self._offset, size=self._size, content=content, from_line_s=self._from_line_s)

    def drop(self) -> None:
        """Forget what was read of it, and the file of one that was not handed over."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)
