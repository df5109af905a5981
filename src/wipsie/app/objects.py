"""From BLOB_URL to an object store, and what the object store does for queues."""

from __future__ import annotations

from wipsie.app.settings import Settings
from wipsie.blobs import BlobNotFound, BlobStore

_CONTENT_TYPE = "text/plain; charset=utf-8"


def build_blobs(settings: Settings) -> BlobStore:
    """The object store BLOB_URL names. Opens nothing. ConfigurationError."""
    return _build(settings, settings.blobs.url)


def build_mail_blobs(settings: Settings, blobs: BlobStore) -> BlobStore:
    """Where mail is archived: the bucket S3_BUCKET_NAME names, otherwise `blobs`. Opens nothing."""
    bucket = settings.mail.bucket
    if not bucket or settings.blobs.url == f"s3://{bucket}":
        return blobs
    return build_bucket(settings, bucket)


def build_bucket(settings: Settings, name: str) -> BlobStore:
    """The S3 bucket of this name. Opens nothing."""
    return _build(settings, f"s3://{name}")


def s3_config(settings: Settings) -> dict[str, str]:
    """Where S3 is, as `BlobStore` takes it."""
    config = {"region": settings.queue.region}
    if settings.blobs.endpoint_url:
        config["endpoint"] = settings.blobs.endpoint_url
    return config


def _build(settings: Settings, url: str) -> BlobStore:
    config = s3_config(settings)
    if settings.blobs.encryption:
        config["server_side_encryption"] = settings.blobs.encryption
    return BlobStore(url, config=config if url.startswith("s3://") else None)


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
