"""Objects that the object store sees sealed only, whatever it is: a directory, memory or a bucket.

    put:    content ─► sealed, with a key of its own ─► object store        the wrapped key ─► the caller's row
    get:    the caller's row ─► wrapped key ─► key ring ─► data key         object store ─► proved, opened ─► content

The row comes after the object: a crash between the two leaves an object nobody can read, which is swept by its age. Content is bound to
the object id, not to the key in the store: sealed bytes may be moved as they are, and open under any key with their wrapped key.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from wipsie.blobs.errors import BlobTooLarge
from wipsie.blobs.keys import check_key
from wipsie.blobs.sealing.files import new_file, open_bytes, open_content, open_file, prove, seal_bytes, seal_file
from wipsie.blobs.sealing.format import CHUNK_BITS_READ, OBJECT_BYTES_MAX, object_id_bytes, sealed_size
from wipsie.blobs.sealing.key_holder import KeyHolder
from wipsie.blobs.sealing.streams import PieceSealer, open_pieces
from wipsie.blobs.sealing.threads import in_thread
from wipsie.blobs.sealing.work_folder import WorkFolder
from wipsie.blobs.sealing.wrapped_key import WrappedKey
from wipsie.blobs.store import BlobInfo, BlobStore
from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.limits import KIB, MIB

IN_MEMORY_BYTES_MAX = 4 * MIB
"""Larger objects pass through the work folder, sealed; most reports are smaller."""
GET_BYTES_MAX = 64 * MIB
"""What `get` takes into memory unless it is told otherwise."""
_ON_LOOP_BYTES_MAX = 64 * KIB
"""A hop to a thread takes longer than this much sealing."""
_RETRY_AFTER_S = 5.0


class SealedInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a sealed object."""

    key: str
    object_id: str
    size: int
    """Of the content, in bytes."""
    sealed_size: int
    sealed_sha256: str
    """Of the sealed bytes: proves a copy without any key."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What `put` gives back."""

    info: SealedInfo
    wrapped: WrappedKey
    """To be stored, or the object is lost."""


class SealedStore:
    """Over one `BlobStore`. Errors are its own: `InvalidInput` for a bad key or object id, `BlobNotFound`, `BlobCorrupt` (here
    `SealBroken`) when something was changed, `BlobTooLarge`, `StorageUnavailable`; and `KeyMissing`, the sign to go into stand-by."""

    def __init__(self, blobs: BlobStore, keys: KeyHolder, *, work_dir: Path) -> None:
        """Opens nothing. `work_dir`: for sealed bytes of large objects that are under way; nothing readable is ever in there."""
        self._blobs = blobs
        self._keys = keys
        self._work = WorkFolder(work_dir)

    async def put(self, key: str, object_id: str, content: bytes | Path) -> Sealed:
        """Seal bytes, or what stands in a file, and store it under `key` in the place of what was there. A file is not taken into
        memory. Every call makes a key of its own: what an earlier one gave does not open what this one stored."""
        check_key(key)
        object_id_bytes(object_id)
        # Without the key nothing is read and nothing is written.
        ring = await self._keys.ring()
        if isinstance(content, Path):
            with _storage():
                if (await asyncio.to_thread(content.stat)).st_size > IN_MEMORY_BYTES_MAX:
                    async with self._work.file() as target:
                        wrapped, size = await in_thread(lambda over: seal_file(ring, object_id, content, target, over))
                        return _sealed(object_id, size, await self._store(key, target), wrapped)
                content = await asyncio.to_thread(content.read_bytes)
        sealed_size(len(content))
        if len(content) <= _ON_LOOP_BYTES_MAX:
            wrapped, sealed = seal_bytes(ring, object_id, content)
        else:
            wrapped, sealed = await asyncio.to_thread(seal_bytes, ring, object_id, content)
        return _sealed(object_id, len(content), await self._store(key, sealed), wrapped)

    async def put_pieces(self, key: str, object_id: str, pieces: AsyncIterable[bytes]) -> Sealed:
        """`put` for content that is made while it is stored: sealed as it comes, in memory for a few chunks, and readable nowhere.
        What `pieces` raises; nothing is stored then."""
        check_key(key)
        sealer = PieceSealer(await self._keys.ring(), object_id)
        async with contextlib.AsyncExitStack() as stack:
            with _storage():
                target = await stack.enter_async_context(self._work.file())
                file = stack.enter_context(new_file(target))
                file.write(sealer.header)
            async for piece in pieces:
                with _storage():
                    await _write(file, sealer.feed, piece)
            with _storage():
                await _write(file, sealer.end)
                file.close()
                stored = await self._store(key, target)
        return _sealed(object_id, sealer.size, stored, sealer.wrapped)

    async def get(self, key: str, object_id: str, wrapped: WrappedKey, *, bytes_max: int = GET_BYTES_MAX) -> bytes:
        """The content. BlobTooLarge when it has more than `bytes_max`."""
        data_key = await self._data_key(object_id, wrapped)
        await self._check_size(key, bytes_max)
        sealed = (await self._blobs.get(key)).content
        if len(sealed) <= _ON_LOOP_BYTES_MAX:
            return open_bytes(data_key, object_id, sealed)
        return await asyncio.to_thread(open_bytes, data_key, object_id, sealed)

    async def fetch(
        self, key: str, object_id: str, wrapped: WrappedKey, path: Path, *, bytes_max: int = OBJECT_BYTES_MAX
    ) -> int:
        """`get` into a new file that only its owner may read, without taking it into memory; its size. When it fails there is no
        such file. The content lies on the disk then: `opened` does without."""
        data_key = await self._data_key(object_id, wrapped)
        with _storage():
            async with self._at_hand(key, bytes_max) as sealed:
                return await in_thread(
                    lambda over: open_file(data_key, object_id, sealed.content, path, over), undo=path.unlink
                )

    @contextlib.asynccontextmanager
    async def opened(
        self, key: str, object_id: str, wrapped: WrappedKey, *, bytes_max: int = OBJECT_BYTES_MAX
    ) -> AsyncGenerator[Opened]:
        """The content to be sent on, proved to its end before the first byte of it is given out, and whole nowhere. It is opened
        twice for that, which is quicker than writing it down."""
        data_key = await self._data_key(object_id, wrapped)
        async with contextlib.AsyncExitStack() as stack:
            # Not around the yield: errors of whoever sends it on are not the store's.
            with _storage():
                sealed = await stack.enter_async_context(self._at_hand(key, bytes_max))
                size = await in_thread(lambda over: prove(data_key, object_id, sealed.content, over))
                file = stack.enter_context(await asyncio.to_thread(open_content, sealed.content))
            yield Opened(size, data_key, object_id, file)

    async def verify(self, key: str, object_id: str, wrapped: WrappedKey) -> SealedInfo:
        """What is known of an object, all of which was fetched and opened, and kept nowhere."""
        data_key = await self._data_key(object_id, wrapped)
        with _storage():
            async with self._at_hand(key, OBJECT_BYTES_MAX) as sealed:
                size = await in_thread(lambda over: prove(data_key, object_id, sealed.content, over))
                return _info(object_id, size, sealed.info)

    async def copy(self, key: str, new_key: str) -> BlobInfo:
        """Store the sealed bytes of `key` under `new_key` too, as they are; takes no key. Done again, it ends the same."""
        check_key(new_key)
        with _storage():
            async with self._at_hand(key, OBJECT_BYTES_MAX) as sealed:
                return await self._store(new_key, sealed.content)

    async def delete(self, key: str) -> bool:
        """Remove an object; False when there was none. Copies on backups stay, and open as long as its wrapped key is anywhere."""
        return await self._blobs.delete(key)

    async def _data_key(self, object_id: str, wrapped: WrappedKey) -> bytes:
        return await self._keys.use(lambda ring: ring.unwrap(wrapped, object_id))

    async def _store(self, key: str, sealed: bytes | Path) -> BlobInfo:
        if isinstance(sealed, Path):
            # The one way in that takes files; the key is ours, whatever the digest.
            return await self._blobs.put_by_digest(lambda _: key, sealed)
        return await self._blobs.put(key, sealed)

    async def _check_size(self, key: str, bytes_max: int) -> int:
        """The size of a sealed object. Before it is fetched: who can write to the store must not fill memory or disk here."""
        size = await self._blobs.size(key)
        sealed_max = sealed_size(min(bytes_max, OBJECT_BYTES_MAX), CHUNK_BITS_READ.start)
        if size > sealed_max:
            raise BlobTooLarge(
                f"The sealed object '{key}' has {size} bytes, more than the {sealed_max} that are taken.",
                details={"key": key, "size": size, "bytes_max": sealed_max},
            )
        return size

    @contextlib.asynccontextmanager
    async def _at_hand(self, key: str, bytes_max: int) -> AsyncGenerator[_AtHand]:
        if await self._check_size(key, bytes_max) <= IN_MEMORY_BYTES_MAX:
            blob = await self._blobs.get(key)
            yield _AtHand(blob.info, blob.content)
            return
        async with self._work.file() as path:
            yield _AtHand(await self._blobs.fetch(key, path), path)


class Opened:
    """An object that was proved to its end."""

    def __init__(self, size: int, data_key: bytes, object_id: str, sealed: BinaryIO) -> None:
        """`sealed`: closed by whoever opened it."""
        self.size = size
        """Of the content, in bytes."""
        self._data_key = data_key
        self._object_id = object_id
        self._sealed = sealed

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content, 256 KiB at a time, from its beginning; one reader at a time. StorageUnavailable."""
        pieces = self._opening()
        while True:
            with _storage():
                piece = await asyncio.to_thread(next, pieces, None)
            if piece is None:
                return
            yield piece

    def _opening(self) -> Iterator[bytes]:
        self._sealed.seek(0)
        yield from open_pieces(self._data_key, self._object_id, self._sealed)


class _AtHand(msgspec.Struct, frozen=True):
    """A sealed object in memory, or as a file of the work folder."""

    info: BlobInfo
    content: bytes | Path


async def _write(file: BinaryIO, seal: Callable[..., bytes], *content: bytes) -> None:
    # Waited for to its end, whatever becomes of the caller: a file is not closed while somebody writes to it.
    await in_thread(lambda _: file.write(seal(*content)))


def _sealed(object_id: str, size: int, stored: BlobInfo, wrapped: WrappedKey) -> Sealed:
    return Sealed(info=_info(object_id, size, stored), wrapped=wrapped)


def _info(object_id: str, size: int, stored: BlobInfo) -> SealedInfo:
    return SealedInfo(
        key=stored.key, object_id=object_id, size=size, sealed_size=stored.size, sealed_sha256=stored.sha256
    )


@contextlib.contextmanager
def _storage() -> Generator[None]:
    """Errors of files on this machine, as the store's."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageUnavailable(
            f"A file of the sealed store cannot be used now: {reason}",
            details={"reason": reason},
            retry_after_s=_RETRY_AFTER_S,
        ) from error
