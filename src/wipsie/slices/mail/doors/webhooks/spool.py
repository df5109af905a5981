"""Where the large things of one request lie while it is worked on: files of a temporary folder that is gone with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from wipsie.kernel.limits import KIB

MEMORY_BYTES_MAX = 256 * KIB
"""More than that lies in a file."""
CHUNK_BYTES = 64 * KIB
_PREFIX = "wipsie-mail-"


class Spool:
    """``with Spool() as spool:``. Costs nothing until a file is needed. Its calls block."""

    def __init__(self, parent: Path | None = None) -> None:
        """`parent`: where the folder is made; None for the system's place for temporary files."""
        self._parent = parent
        self._folder: Path | None = None
        self._count = 0
        self._opened: list[BinaryIO] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._opened:
            file.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def open_file(self) -> tuple[Path, BinaryIO]:
        """A new, empty file, readable by nobody else."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
        self._count += 1
        path = self._folder / str(self._count)
        file = path.open("xb")
        self._opened.append(file)
        return path, file


class Spill:
    """Bytes on their way in: in memory while they are few, then in a file."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._kept = bytearray()
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self.size = 0

    def write(self, data: bytes) -> None:
        """Take more. OSError when there is no room on the disk."""
        self.size += len(data)
        if self._file is not None:
            self._file.write(data)
            return
        self._kept += data
        if len(self._kept) > MEMORY_BYTES_MAX:
            self._path, self._file = self._spool.open_file()
            self._file.write(self._kept)
            self._kept = bytearray()

    def finish(self) -> bytes | Path:
        """All of it; to be called once, after the last write."""
        if self._file is None or self._path is None:
            return bytes(self._kept)
        self._file.close()
        return self._path


def chunks_of(content: bytes | Path) -> Iterator[bytes]:
    """The bytes in pieces of at most `CHUNK_BYTES`."""
    if isinstance(content, Path):
        with content.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    else:
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]
