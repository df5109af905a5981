"""What can be wrong with something sealed: its bytes, or the key to them.

BlobCorrupt
└── SealBroken    BLOB_CORRUPT          500   changed, cut, or brought from elsewhere; restoring it from a copy helps
Unavailable
└── KeyMissing    SERVICE_UNAVAILABLE   503   nothing is lost: with the key it opens
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wipsie.blobs.errors import BlobCorrupt
from wipsie.kernel.errors import Unavailable

_RETRY_AFTER_S = 30.0


class SealBroken(BlobCorrupt):
    """What was sealed does not open: it was changed, or it belongs to another object, another row or another key."""


class KeyMissing(Unavailable):
    """The key-encryption key is not at hand. Whoever catches this goes into stand-by: takes no new content, keeps what there is,
    and looks again later."""

    def __init__(self, message: str, *, kek_id: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        """`kek_id`: the key that is wanted; None when there is no key at all."""
        told = {**(details or {}), **({} if kek_id is None else {"kek_id": kek_id})}
        super().__init__(message, details=told, retry_after_s=_RETRY_AFTER_S)
        self.kek_id = kek_id
