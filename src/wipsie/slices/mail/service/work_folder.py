"""Files of mails that are being worked on: a folder for each, gone when the work is over, whatever came of it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path


class WorkFolder:
    """What a killed process left here goes when the next one starts."""

    def __init__(self, path: Path) -> None:
        """`path`: of all processes of a machine."""
        self._path = path

    @asynccontextmanager
    async def new(self) -> AsyncGenerator[Path]:
        """An empty folder that only this user may look into."""
        folder = await asyncio.to_thread(self._make)
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def open(self, *, older_than_s: float, now_s: float) -> None:
        """Make sure it is there, and remove folders in it in which nobody has written for so long."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in self._path.iterdir():
            try:
                # A file that grows leaves the time of its folder as it was.
                written_s = max(entry.stat().st_mtime for entry in (folder, *folder.rglob("*")))
                if now_s - written_s > older_than_s:
                    shutil.rmtree(folder, ignore_errors=True)
            except FileNotFoundError:
                # Another process was faster.
                continue

    def _make(self) -> Path:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self._path))
