"""The object store: put, get, exists, delete and list, with the SHA-256 of every object proved on read."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from wipsie.blobs.checksums import NOTES_FOLDER, SHA256_ATTRIBUTE, Note, attributes_of, note_path
from wipsie.blobs.errors import BlobCorrupt, BlobNotFound
from wipsie.blobs.keys import check_key, check_prefix
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import ObjectStore

Answer = TypeVar("Answer")
DEFAULT_CONTENT_TYPE = "application/octet-stream"
_HASH_IN_THREAD_BYTES = 1024 * 1024


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

    async def put(self, key: str, content: bytes, content_type: str = DEFAULT_CONTENT_TYPE) -> BlobInfo:
        """Store `content` under `key`, replacing what was there in one step."""
        check_key(key)
        digest = await _sha256(content)
        info = BlobInfo(key, len(content), digest, content_type)
        await self._bounded(self._put(info, content))
        return info

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

    async def _put(self, info: BlobInfo, content: bytes) -> None:
        import obstore

        store = await self._store()
        if self._path is None:
            attributes = attributes_of(info.sha256, info.content_type)
            await obstore.put_async(store, info.key, content, attributes=attributes)
            return
        note = msgspec.json.encode(Note(info.size, info.content_type))
        await obstore.put_async(store, note_path(info.key, info.sha256), note)
        await obstore.put_async(store, info.key, content)

    async def _get(self, key: str) -> Blob:
        import obstore

        store = await self._store()
        try:
            result = await obstore.get_async(store, key)
        except FileNotFoundError:
            raise BlobNotFound(f"No object has the key '{key}'.", details={"key": key}) from None
        content = bytes(await result.bytes_async())
        digest = await _sha256(content)
        content_type = DEFAULT_CONTENT_TYPE
        if self._path is None:
            attributes: dict[str, Any] = dict(result.attributes)
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
                details={"key": key, "sha256": digest, "size": len(content)},
            )
        return Blob(BlobInfo(key, len(content), digest, content_type), content)

    async def _exists(self, key: str) -> bool:
        import obstore

        try:
            await obstore.head_async(await self._store(), key)
        except FileNotFoundError:
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
            notes = [path async for path in self._paths(store, f"{NOTES_FOLDER}/{key}")]
            # Only the digests of this key itself: "a" has notes beside those of "a/b".
            own = [path for path in notes if path.count("/") == key.count("/") + 2]
            if own:
                await obstore.delete_async(store, own)
        return existed

    async def _list(self, prefix: str, limit: int) -> list[str]:
        keys: list[str] = []
        async for path in self._paths(await self._store(), prefix or None):
            if not path.startswith(f"{NOTES_FOLDER}/"):
                keys.append(path)
                if len(keys) >= limit:
                    break
        return sorted(keys)

    async def _paths(self, store: ObjectStore, prefix: str | None) -> AsyncIterator[str]:
        import obstore

        # The library's overloads for its optional Arrow results are not fully typed.
        untyped: Any = obstore
        async for batch in untyped.list(store, prefix):
            for meta in batch:
                yield str(meta["path"])

    async def _store(self) -> ObjectStore:
        """Open on first use: the library is large and many processes never touch an object."""
        if self._opened is None:
            self._opened = await asyncio.to_thread(self._open)
        return self._opened

    def _open(self) -> ObjectStore:
        from obstore.store import LocalStore, MemoryStore

        if self._path is not None:
            self._path.mkdir(parents=True, exist_ok=True)
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

    async def _bounded(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        from obstore.exceptions import BaseError

        try:
            async with asyncio.timeout(self._timeout_s):
                return await work
        except TimeoutError:
            raise StorageUnavailable(
                f"The object store did not answer within {self._timeout_s:g} s; try again later.", retry_after_s=5.0
            ) from None
        except (OSError, BaseError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise StorageUnavailable(
                f"The object store cannot be used now: {reason}", details={"reason": reason}, retry_after_s=5.0
            ) from error


async def _sha256(content: bytes) -> str:
    # hashlib frees the interpreter for large inputs, so a thread keeps the loop responsive.
    if len(content) > _HASH_IN_THREAD_BYTES:
        return (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
    return hashlib.sha256(content).hexdigest()
