"""Files of mails that are coming in. None outlives its transaction, and what a killed process left is removed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.limits import KIB

CHUNK_BYTES = 256 * KIB
"""What a mail holds in memory before it goes to the disk."""
_SUFFIX = ".incoming"
_ABANDONED_S = 86_400.0


class Spool:
    """A folder that its owner alone may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writes: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Make the folder, and remove what is left of mails that came a day ago or earlier. OSError."""
        await asyncio.to_thread(self._open)

    def new(self) -> IncomingMail:
        """A file for one mail, to be discarded whatever happens."""
        return IncomingMail(self._folder / f"{secrets.token_hex(8)}{_SUFFIX}", self._in_thread)

    async def settle(self) -> None:
        """Return once no thread writes here and discarded files are gone."""
        while self._writes:
            await asyncio.wait(set(self._writes))

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        # By the clock that dates the files, whatever time others are told.
        oldest_s = SystemClock().now() - _ABANDONED_S
        for entry in os.scandir(self._folder):
            with contextlib.suppress(FileNotFoundError):
                if entry.name.endswith(_SUFFIX) and entry.stat().st_mtime < oldest_s:
                    Path(entry.path).unlink()

    def _in_thread(self, work: Callable[[], None]) -> asyncio.Task[None]:
        task = asyncio.create_task(asyncio.to_thread(work), name="mail-spool")
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return task


class IncomingMail:
    """Bytes that become a file. Writing happens in threads, a chunk at a time. OSError when the disk will not."""

    def __init__(self, path: Path, in_thread: Callable[[Callable[[], None]], asyncio.Task[None]]) -> None:
        self.path = path
        self._in_thread = in_thread
        self._waiting = bytearray()
        self._file: BinaryIO | None = None
        self._write: asyncio.Task[None] | None = None

    async def add(self, content: bytes) -> None:
        """More of the mail."""
        self._waiting += content
        if len(self._waiting) >= CHUNK_BYTES:
            await self._flush(last=False)

    async def finish(self) -> None:
        """Have the whole mail in the file, and close it."""
        await self._flush(last=True)

    def discard(self) -> None:
        """Close and remove the file: now, or as soon as the thread has ended that writes it."""
        self._waiting.clear()
        if self._write is None or self._write.done():
            self._remove()
        else:
            self._write.add_done_callback(self._remove_after)

    async def _flush(self, *, last: bool) -> None:
        content, self._waiting = self._waiting, bytearray()
        self._write = self._in_thread(lambda: self._append(content, last))
        # Whoever waits may be told to stop; the thread cannot, and the file must not be closed under its hands.
        await asyncio.shield(self._write)

    def _append(self, content: bytearray, last: bool) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._file.write(content)
        if last:
            self._file.close()

    def _remove_after(self, write: asyncio.Task[None]) -> None:
        if not write.cancelled():
            # Seen: nobody waits for it any more.
            write.exception()
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            # Closing writes what is buffered, which a full disk refuses.
            if self._file is not None:
                self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
