"""The object store: put, get, exists, delete and list, with the SHA-256 of every object proved on read."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from wipsie.blobs.checksums import NOTES_FOLDER, SHA256_ATTRIBUTE, Note, attributes_of, note_path
from wipsie.blobs.directory import UNFINISHED_FOLDER, Directory
from wipsie.blobs.errors import BlobCorrupt, BlobNotFound, BlobTooLarge
from wipsie.blobs.keys import check_key, check_prefix
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ObjectStore

Answer = TypeVar("Answer")
DEFAULT_CONTENT_TYPE = "application/octet-stream"
_HASH_IN_THREAD_BYTES = 1024 * 1024
_OWN = (f"{NOTES_FOLDER}/", f"{UNFINISHED_FOLDER}/")
_NOBODYS_FOLDER = "wipsie-looks-whether-the-bucket-is-there"
_CHUNK_BYTES = 1024 * 1024
_BYTES_PER_S_MIN = 1024 * 1024


class BlobInfo(msgspec.Struct, frozen=True):
    """What is known about a stored object."""

    key: str
    size: int
    sha256: str
    content_type: str


class Blob(msgspec.Struct, frozen=True):
    """A stored object, proved to be the bytes that were put."""

    info: BlobInfo
    content: bytes


class BlobStore:
    """Objects by key under one URL: ``file:///path``, ``memory://`` or ``s3://bucket/prefix``.

    Every call ends within `timeout_s`. Errors: `InvalidInput` for a bad key, `BlobNotFound`, `BlobCorrupt`,
    `StorageUnavailable` when the store cannot be reached or written.
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0, config: dict[str, str] | None = None) -> None:
        """`config` holds settings of S3 (``endpoint``, ``access_key_id``, ``secret_access_key``, ``region``, …); what it
        leaves out comes from the usual AWS variables. ConfigurationError for an unknown kind of URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("file", "memory", "s3"):
            raise ConfigurationError(
                f"BLOB_URL starts with '{parts.scheme}'; write file:///absolute/path, memory:// or s3://bucket."
            )
        if parts.scheme == "file" and (parts.netloc not in ("", "localhost") or not parts.path.startswith("/")):
            raise ConfigurationError("BLOB_URL must name an absolute path: file:///absolute/path.")
        if parts.scheme == "s3" and not parts.netloc:
            raise ConfigurationError("BLOB_URL must name a bucket: s3://bucket or s3://bucket/prefix.")
        self._url = url
        self._scheme = parts.scheme
        self._path = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._timeout_s = timeout_s
        self._config = dict(config or {})
        self._opened: ObjectStore | None = None
        self._opening = asyncio.Lock()
        self._directory: Directory | None = None
        """Writes, where the store is a folder; reads and lists go the same way everywhere."""

    async def put(self, key: str, content: bytes, content_type: str = DEFAULT_CONTENT_TYPE) -> BlobInfo:
        """Store `content` under `key`, replacing what was there in one step."""
        check_key(key)
        digest = await _sha256(content)
        info = BlobInfo(key, len(content), digest, content_type)
        await self._bounded(self._put(info, content))
        return info

    async def create(self, key: str, content: bytes, content_type: str = DEFAULT_CONTENT_TYPE) -> bool:
        """Store `content` under `key` unless an object is there already; False then, and it stays as it is. Of several that
        do so at one moment, one creates it."""
        check_key(key)
        info = BlobInfo(key, len(content), await _sha256(content), content_type)
        return await self._bounded(self._put(info, content, if_absent=True))

    async def put_by_digest(
        self, key_of: Callable[[str], str], content: bytes | Path, content_type: str = DEFAULT_CONTENT_TYPE
    ) -> BlobInfo:
        """Store bytes, or what stands in a file, under the key that `key_of` makes of their SHA-256, so that equal bytes are
        kept once. A file is not taken into memory. Bytes that are there already are written again, which mends them."""
        if isinstance(content, Path):
            size, digest = await asyncio.to_thread(_measure, content)
        else:
            size, digest = len(content), await _sha256(content)
        info = BlobInfo(check_key(key_of(digest)), size, digest, content_type)
        await self._bounded(self._put(info, content), self._timeout_of(size))
        return info

    async def fetch(self, key: str, path: Path) -> BlobInfo:
        """`get` into a new file, without taking it into memory. When it fails there is no file."""
        check_key(key)
        store = await self._bounded(self._store())
        result = await self._bounded(self._open_object(store, key))
        try:
            return await self._bounded(self._save(store, key, result, path), self._timeout_of(int(result.meta["size"])))
        except BaseException:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise

    async def fetch_foreign(self, key: str, path: Path, *, bytes_max: int) -> int:
        """What somebody else stored, into a new file; its size in bytes. Nobody vouches for it. BlobNotFound; BlobTooLarge. When
        it fails there is no file."""
        store = await self._bounded(self._store())
        try:
            result = await self._bounded(self._open_object(store, key))
        except ValueError:
            # A key that this library cannot ask for.
            raise _not_found(key) from None
        size = int(result.meta["size"])
        if size > bytes_max:
            raise BlobTooLarge(
                f"The object '{key}' has {size} bytes, more than the {bytes_max} that are taken.",
                details={"key": key, "size": size, "bytes_max": bytes_max},
            )
        try:
            await self._bounded(self._pour(result, path), self._timeout_of(size))
        except BaseException:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise
        return size

    async def size(self, key: str) -> int:
        """The size of an object in bytes. BlobNotFound."""
        check_key(key)
        return await self._bounded(self._size(key))

    async def walk(self, prefix: str = "") -> AsyncIterator[tuple[str, int]]:
        """Every (key, size in bytes) under `prefix` (whole segments), in no order that all stores share. However many there
        are: only each request to the store is bounded."""
        from obstore.exceptions import BaseError

        try:
            async for entry in self._objects(check_prefix(prefix)):
                yield entry
        except (OSError, BaseError) as error:
            raise _unusable(error) from error

    async def get(self, key: str) -> Blob:
        """The object of `key`. BlobNotFound, or BlobCorrupt when its bytes are not those that were put."""
        check_key(key)
        return await self._bounded(self._get(key))

    async def exists(self, key: str) -> bool:
        """Whether an object has this key."""
        check_key(key)
        return await self._bounded(self._exists(key))

    async def delete(self, key: str) -> bool:
        """Remove an object; False when there was none."""
        check_key(key)
        return await self._bounded(self._delete(key))

    async def list(self, prefix: str = "", *, limit: int = 1000) -> list[str]:
        """Keys under `prefix` (whole segments), at most `limit`, sorted within what was read."""
        return await self._bounded(self._list(check_prefix(prefix), limit))

    async def _put(self, info: BlobInfo, content: bytes | Path, *, if_absent: bool = False) -> bool:
        """False: something was there, and stays."""
        store = await self._store()
        if self._directory is not None:
            return await asyncio.to_thread(self._write, self._directory, info, content, if_absent)
        import obstore
        from obstore.exceptions import AlreadyExistsError

        try:
            await obstore.put_async(
                store,
                info.key,
                content,
                attributes=attributes_of(info.sha256, info.content_type),
                mode="create" if if_absent else "overwrite",
            )
        except AlreadyExistsError:
            return False
        return True

    @staticmethod
    def _write(directory: Directory, info: BlobInfo, content: bytes | Path, if_absent: bool) -> bool:
        # First: a note too many proves nothing false. It is written anew with its object, whose type may be another now.
        note = msgspec.json.encode(Note(info.size, info.content_type))
        directory.write(note_path(info.key, info.sha256), note, if_absent=if_absent)
        return directory.write(info.key, content, if_absent=if_absent)

    async def _open_object(self, store: ObjectStore, key: str) -> GetResult:
        import obstore

        try:
            return await obstore.get_async(store, key)
        except FileNotFoundError:
            await self._check_bucket(store)
            raise _not_found(key) from None

    async def _check_bucket(self, store: ObjectStore) -> None:
        """A bucket that is not there has none of its objects, and is no answer to whether there is one. StorageUnavailable."""
        if self._scheme != "s3":
            return
        import obstore

        try:
            # One request, and nothing to read.
            listing: Any = obstore.list(store, prefix=_NOBODYS_FOLDER, chunk_size=1)  # pyright: ignore[reportUnknownMemberType]
            async for _ in listing:
                return
        except FileNotFoundError:
            bucket = urlsplit(self._url).netloc
            raise StorageUnavailable(
                f"The bucket '{bucket}' is not there; make it, or name another.", details={"bucket": bucket}
            ) from None

    async def _save(self, store: ObjectStore, key: str, result: GetResult, path: Path) -> BlobInfo:
        size, digest = await self._pour(result, path)
        return await self._proved(store, key, digest, size, dict(result.attributes))

    @staticmethod
    async def _pour(result: GetResult, path: Path) -> tuple[int, str]:
        """Into a new file; its size and SHA-256."""
        digest = hashlib.sha256()
        size = 0
        with path.open("xb") as file:
            async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
                content = bytes(chunk)
                size += len(content)
                # A thread for both: neither a slow disk nor the digest of a large object keeps the loop waiting.
                await asyncio.to_thread(_take, file, digest, content)
        return size, digest.hexdigest()

    async def _size(self, key: str) -> int:
        import obstore

        try:
            return int((await obstore.head_async(await self._store(), key))["size"])
        except FileNotFoundError:
            await self._check_bucket(await self._store())
            raise _not_found(key) from None

    async def _get(self, key: str) -> Blob:
        store = await self._store()
        result = await self._open_object(store, key)
        content = bytes(await result.bytes_async())
        digest = await _sha256(content)
        return Blob(await self._proved(store, key, digest, len(content), dict(result.attributes)), content)

    async def _proved(
        self, store: ObjectStore, key: str, digest: str, size: int, attributes: dict[str, Any]
    ) -> BlobInfo:
        """What is known of an object whose bytes have this digest. BlobCorrupt when they are not those that were put."""
        import obstore

        content_type = DEFAULT_CONTENT_TYPE
        if self._path is None:
            expected = attributes.get(SHA256_ATTRIBUTE)
            content_type = str(attributes.get("Content-Type", content_type))
        else:
            expected = None
            try:
                note = await obstore.get_async(store, note_path(key, digest))
                content_type = msgspec.json.decode(bytes(await note.bytes_async()), type=Note).content_type
                expected = digest
            except (FileNotFoundError, msgspec.DecodeError):
                pass
        if expected != digest:
            raise BlobCorrupt(
                f"The object '{key}' is not what was stored under this key; restore it from a copy.",
                details={"key": key, "sha256": digest, "size": size},
            )
        return BlobInfo(key, size, digest, content_type)

    async def _exists(self, key: str) -> bool:
        import obstore

        try:
            await obstore.head_async(await self._store(), key)
        except FileNotFoundError:
            await self._check_bucket(await self._store())
            return False
        return True

    async def _delete(self, key: str) -> bool:
        import obstore

        existed = await self._exists(key)
        store = await self._store()
        if existed:
            try:
                await obstore.delete_async(store, key)
            except FileNotFoundError:
                existed = False
        if self._path is not None:
            notes = [path async for path, _ in self._paths(store, f"{NOTES_FOLDER}/{key}")]
            # Only the digests of this key itself: "a" has notes beside those of "a/b".
            own = [path for path in notes if path.count("/") == key.count("/") + 2]
            for path in own:
                # Somebody else may be removing the same object.
                with contextlib.suppress(FileNotFoundError):
                    await obstore.delete_async(store, path)
        return existed

    async def _list(self, prefix: str, limit: int) -> list[str]:
        keys: list[str] = []
        async for key, _ in self._objects(prefix):
            keys.append(key)
            if len(keys) >= limit:
                break
        return sorted(keys)

    async def _objects(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        """What was stored, without what the store keeps for itself."""
        async for path, size in self._paths(await self._store(), prefix or None):
            if not path.startswith(_OWN):
                yield path, size

    async def _paths(self, store: ObjectStore, prefix: str | None) -> AsyncIterator[tuple[str, int]]:
        import obstore

        # The library's overloads for its optional Arrow results are not fully typed.
        untyped: Any = obstore
        async for batch in untyped.list(store, prefix):
            for meta in batch:
                yield str(meta["path"]), int(meta["size"])

    async def _store(self) -> ObjectStore:
        """Open on first use: the library is large and many processes never touch an object."""
        if self._opened is None:
            # One at a time: of two stores in memory, what went into the first would be gone.
            async with self._opening:
                if self._opened is None:
                    self._opened = await asyncio.to_thread(self._open)
        return self._opened

    def _open(self) -> ObjectStore:
        from obstore.store import LocalStore, MemoryStore

        if self._path is not None:
            self._path.mkdir(parents=True, exist_ok=True)
            self._directory = Directory(self._path)
            # By the clock that dates the files, whatever time others are told.
            self._directory.tidy(SystemClock().now())
            return LocalStore(self._path)
        if self._scheme == "memory":
            return MemoryStore()
        return self._open_bucket()

    def _open_bucket(self) -> ObjectStore:
        from obstore.exceptions import UnknownConfigurationKeyError
        from obstore.store import S3Store

        parts = urlsplit(self._url)
        # The library stops the whole call on a key without this beginning.
        named = {key if key.startswith("aws_") else f"aws_{key}": value for key, value in self._config.items()}
        # The server proves what arrives, as we prove what comes back.
        named.setdefault("aws_checksum_algorithm", "SHA256")
        config: Any = named
        plain = any(value.startswith("http://") for key, value in named.items() if key.startswith("aws_endpoint"))
        try:
            return S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                config=config,
                client_options={"allow_http": plain, "timeout": timedelta(seconds=self._timeout_s)},
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=self._timeout_s / 2)},
            )
        except UnknownConfigurationKeyError as error:
            raise ConfigurationError(f"The object store's settings are wrong: {str(error).splitlines()[0]}") from None

    def _timeout_of(self, size: int) -> float:
        """For an object of this size: the usual time, and what a slow line needs for the bytes."""
        return self._timeout_s + size / _BYTES_PER_S_MIN

    async def _bounded(self, work: Coroutine[Any, Any, Answer], timeout_s: float | None = None) -> Answer:
        from obstore.exceptions import BaseError

        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await work
        except TimeoutError:
            raise StorageUnavailable(
                f"The object store did not answer within {timeout_s:g} s; try again later.", retry_after_s=5.0
            ) from None
        except (OSError, BaseError) as error:
            raise _unusable(error) from error


def _not_found(key: str) -> BlobNotFound:
    return BlobNotFound(f"No object has the key '{key}'.", details={"key": key})


def _unusable(error: Exception) -> StorageUnavailable:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return StorageUnavailable(
        f"The object store cannot be used now: {reason}", details={"reason": reason}, retry_after_s=5.0
    )


def _measure(path: Path) -> tuple[int, str]:
    """(size, SHA-256) of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()


def _take(file: BinaryIO, digest: Any, content: bytes) -> None:
    file.write(content)
    digest.update(content)


async def _sha256(content: bytes) -> str:
    # hashlib frees the interpreter for large inputs, so a thread keeps the loop responsive.
    if len(content) > _HASH_IN_THREAD_BYTES:
        return (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
    return hashlib.sha256(content).hexdigest()
