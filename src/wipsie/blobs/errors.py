"""Refusals of the object store; an unreachable store is `StorageUnavailable` of the kernel."""

from __future__ import annotations

from wipsie.kernel.errors import InternalError, NotFound


class BlobNotFound(NotFound):
    """No object has this key."""

    code = "BLOB_NOT_FOUND"


class BlobCorrupt(InternalError):
    """The object's bytes are not those that were stored."""

    code = "BLOB_CORRUPT"
