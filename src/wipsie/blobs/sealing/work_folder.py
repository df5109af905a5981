"""Sealed bytes on their way: files that hold nothing readable, each gone when its work is done."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path

from wipsie.kernel.clock import SystemClock

_PREFIX = "sealed-"
_ABANDONED_S = 86_400.0


class WorkFolder:
    """One per process; several may share a folder. Opens nothing when it is made."""

    def __init__(self, path: Path) -> None:
        """`path`: made when it is first needed. On a disk with room for the largest objects that are under way at one moment."""
        self._path = path
        self._ready = False

    @contextlib.asynccontextmanager
    async def file(self) -> AsyncGenerator[Path]:
        """A path that nobody else has; what is there at the end is removed. OSError."""
        path = await asyncio.to_thread(self._fresh)
        try:
            yield path
        finally:
            # Not in a thread: a cancelled task would leave it there.
            path.unlink(missing_ok=True)

    def _fresh(self) -> Path:
        if not self._ready:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._tidy()
            self._ready = True
        return self._path / f"{_PREFIX}{secrets.token_hex(8)}"

    def _tidy(self) -> None:
        """Remove what processes left that were killed. Nothing of it can be read: its keys were never stored."""
        # By the clock that dates the files, whatever time others are told.
        limit_s = SystemClock().now() - _ABANDONED_S
        for path in self._path.glob(f"{_PREFIX}*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < limit_s:
                    path.unlink()
