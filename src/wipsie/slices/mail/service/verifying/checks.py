"""Whether an object is the bytes it should be, read without taking a large one into memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.limits import MIB
from wipsie.slices.mail.service.work_folder import WorkFolder

Answer = TypeVar("Answer")
AT_ONCE = 8
_MEMORY_BYTES_MAX = MIB


async def has_digest(blobs: BlobStore, work: WorkFolder, key: str, size: int, sha256: str) -> bool:
    """Whether the bytes of an object have this SHA-256. BlobNotFound; StorageUnavailable."""
    try:
        if size <= _MEMORY_BYTES_MAX:
            return (await blobs.get(key)).info.sha256 == sha256
        async with work.new() as folder:
            return (await blobs.fetch(key, folder / "object")).sha256 == sha256
    except BlobCorrupt:
        return False


async def is_there(blobs: BlobStore, key: str) -> bool:
    """Whether an object is there now. StorageUnavailable."""
    try:
        await blobs.size(key)
    except BlobNotFound:
        return False
    return True


async def few_at_once(work: Iterable[Awaitable[Answer]]) -> list[Answer]:
    """All results, `AT_ONCE` at a time; the first error when all have ended."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(single: Awaitable[Answer]) -> Answer:
        async with turn:
            return await single

    results: list[Any] = await asyncio.gather(*(one(single) for single in work), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
