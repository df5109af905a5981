"""Reports as they leave: with the files that were put into the archive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from wipsie.slices.vault.domain.reports import ReportDetails

ENDINGS: Final[Mapping[str, str]] = {
    "application/pdf": "pdf",
    "application/zip": "zip",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
}
"""Of the types of files that the vault keeps; any other is bytes."""


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the archive."""

    id: str
    path: str
    """In the archive."""
    name: str | None
    """As it was sent."""
    media_type: str
    size: int
    sha1: bytes
    sha256: bytes


class ExportedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report in the archive."""

    id: str
    number: int
    saved_at_ms: int
    details: ReportDetails
    files: tuple[ExportedFile, ...]
    missing: int = 0
    """Files that could not be read, and are not there."""


def ending_of(media_type: str) -> str:
    """The end of a file's name, without a dot."""
    return ENDINGS.get(media_type, "bin")


def path_of(number: int, position: int, media_type: str) -> str:
    """Where a file of a report lies in the archive; `position` from 1. Sorted by name they are in the order of their numbers."""
    return f"originals/{number:05}-{position:02}.{ending_of(media_type)}"
