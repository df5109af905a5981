"""From BLOB_URL to an object store, and what the object store does for queues."""

from __future__ import annotations

from wipsie.app.settings import Settings
from wipsie.blobs import BlobNotFound, BlobStore

_CONTENT_TYPE = "text/plain; charset=utf-8"


def build_blobs(settings: Settings) -> BlobStore:
    """The object store BLOB_URL names. Opens nothing. ConfigurationError."""
    endpoint = settings.blobs.endpoint_url
    return BlobStore(settings.blobs.url, config={"endpoint": endpoint} if endpoint else None)


class QueueBodies:
    """What the Amazon SQS backend asks of a place for large bodies, fulfilled by the object store."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def put(self, key: str, body: bytes) -> None:
        """Store, durably. StorageUnavailable."""
        await self._blobs.put(key, body, _CONTENT_TYPE)

    async def get(self, key: str) -> bytes | None:
        """What was stored; None when there is nothing under this key. StorageUnavailable."""
        try:
            return (await self._blobs.get(key)).content
        except BlobNotFound:
            return None

    async def delete(self, key: str) -> None:
        """Remove; nothing there is fine. StorageUnavailable."""
        await self._blobs.delete(key)
