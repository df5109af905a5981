"""A ZIP that is made as it is sent: piece by piece, with nothing kept but the list of its files."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from typing import IO, Final

_YEAR_MIN: Final = 1980
"""ZIP knows no earlier one."""
_MODE_FILE: Final = 0o100600 << 16


class ZipStream:
    """`begin`, then `feed` as often as it takes, then `end`, for each file; at last `finish`. Each gives bytes of the ZIP, to be sent on in
    this order. What is in it is stored and not squeezed: PDFs and photos are that already."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)  # type: ignore[arg-type] - it writes, and no more
        self._file: IO[bytes] | None = None

    def begin(self, name: str, *, at_ms: int) -> bytes:
        """A file begins. `name`: with slashes for folders; made by us."""
        moment = datetime.fromtimestamp(at_ms / 1000, UTC)
        info = zipfile.ZipInfo(name, (max(moment.year, _YEAR_MIN), *moment.timetuple()[1:6]))
        info.external_attr = _MODE_FILE
        self._file = self._zip.open(info, "w")
        return self._sink.taken()

    def feed(self, content: bytes) -> bytes:
        """More of the file that was begun."""
        if self._file is None:
            raise ValueError("no file was begun")
        self._file.write(content)
        return self._sink.taken()

    def end(self) -> bytes:
        """The file that was begun is whole."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return self._sink.taken()

    def finish(self) -> bytes:
        """The list of its files: without it this is no ZIP."""
        self._zip.close()
        return self._sink.taken()


class _Sink:
    """What a ZIP is written to that cannot be read, nor gone back in."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, content: bytes) -> int:
        self._written += content
        return len(content)

    def flush(self) -> None: ...

    def taken(self) -> bytes:
        """What was written since it was last asked for."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
