"""Files in the clear, for the moments somebody looks at them: without a name, so that nothing of them is left when the process is
killed, whatever kills it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec


class PlainFile(msgspec.Struct, frozen=True):
    """An open file."""

    file: BinaryIO
    path: Path
    """By which our own processes open it too, for as long as it is open here."""


class PlainFiles:
    """In one folder, on a disk with room for what is looked at at one moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.asynccontextmanager
    async def new(self) -> AsyncGenerator[PlainFile]:
        """An empty file. OSError."""
        file, path = await asyncio.to_thread(self._open)
        try:
            yield PlainFile(file, path)
        finally:
            file.close()
            if not _is_nameless(path):
                path.unlink(missing_ok=True)

    def _open(self) -> tuple[BinaryIO, Path]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform == "linux":
            # Has no name from the beginning (O_TMPFILE), and is opened by number.
            nameless = cast("BinaryIO", tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - closed by `new`
            return nameless, Path(f"/proc/{os.getpid()}/fd/{nameless.fileno()}")
        named = tempfile.NamedTemporaryFile(dir=self._folder, delete=False)  # noqa: SIM115 - closed by `new`
        return cast("BinaryIO", named.file), Path(named.name)


def _is_nameless(path: Path) -> bool:
    return path.parts[1:2] == ("proc",)
