"""What came of an export, and what could not be in it."""

from __future__ import annotations

import msgspec

from wipsie.blobs import BlobCorrupt, BlobNotFound

UNREADABLE_SHOWN_MAX = 1_000


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that could not be exported."""

    key: str
    reason: str


class Exported(msgspec.Struct, kw_only=True):
    """What came out."""

    mails: int = 0
    bytes: int = 0
    """Written; of a table, before it was compressed."""
    unreadable: int = 0
    missing: list[Unreadable] = []
    """The first `UNREADABLE_SHOWN_MAX`."""

    def refuse(self, key: str, error: Exception) -> None:
        """Count a mail that is not in the export."""
        if isinstance(error, BlobNotFound):
            reason = "its bytes are gone"
        elif isinstance(error, BlobCorrupt):
            reason = "its bytes are not those that were stored"
        else:
            reason = str(error)
        self.unreadable += 1
        if len(self.missing) < UNREADABLE_SHOWN_MAX:
            self.missing.append(Unreadable(key=key, reason=reason))
