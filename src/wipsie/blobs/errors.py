"""Refusals of the object store; an unreachable store is `StorageUnavailable` of the kernel."""

from __future__ import annotations

from wipsie.kernel.errors import InternalError, NotFound, WipsieError


class BlobNotFound(NotFound):
    """No object has this key."""

    code = "BLOB_NOT_FOUND"


class BlobCorrupt(InternalError):
    """The object's bytes are not those that were stored."""

    code = "BLOB_CORRUPT"


class BlobTooLarge(WipsieError):
    """The object is larger than whoever asked takes."""

    code = "BLOB_TOO_LARGE"
    status = 413
