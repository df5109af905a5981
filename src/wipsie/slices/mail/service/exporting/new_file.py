"""A file that is there whole or not at all: written under another name beside its place, and put there at the end."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def new_file(path: Path) -> AsyncGenerator[Path]:
    """The path to write to, an empty file that only its owner may read; it takes the place of `path` when the block ends, and
    goes when it raises. OSError."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    await asyncio.to_thread(fresh.touch, mode=0o600, exist_ok=False)
    try:
        yield fresh
        await asyncio.to_thread(_place, fresh, path)
    finally:
        await asyncio.to_thread(fresh.unlink, missing_ok=True)


def _place(fresh: Path, path: Path) -> None:
    _sync(fresh, os.O_RDONLY)
    fresh.replace(path)
    _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
