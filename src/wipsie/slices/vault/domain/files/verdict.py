"""What became of a file that was looked at: it may be kept, it is locked, or it is refused for a reason with a stable code."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.files.kinds import FileKind

RefusalReason = Literal[
    "empty",
    "too_large",
    "not_accepted",
    "switched_off",
    "mismatch",
    "polyglot",
    "truncated",
    "damaged",
    "animated",
    "too_many_pixels",
    "too_many_pages",
    "no_pages",
    "unknown_encryption",
    "no_decoder",
    "too_heavy",
]
"""Stable; texts for people are made elsewhere.

empty               no bytes
too_large           more bytes than allowed
not_accepted        the first bytes are of no kind we take
switched_off        a kind that is not switched on here (WEBP, HEIC)
mismatch            bytes, declared media type and ending do not name the same family
polyglot            also another kind of file, or markup a browser would run
truncated           the end is missing; sending it again, as a document, helps
damaged             it does not decode
animated            a picture with several frames
too_many_pixels     a picture larger than allowed
too_many_pages      a PDF longer than allowed
no_pages            a PDF without a page
unknown_encryption  a PDF locked by other means than a password
no_decoder          the kind is switched on, but its library is not installed here
too_heavy           reading it took more memory or time than allowed
"""

FileFlag = Literal["javascript", "launch", "embedded_files", "remote_document", "rich_media", "form_sends", "xfa"]
"""What a PDF brings beside its pages. Any flag: hand it out as a download only."""


class FileLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a file may be, and what reading it may take."""

    bytes_max: int = 20 * MIB
    pixels_max: int = 40_000_000
    pages_max: int = 200
    takes_webp: bool = False
    takes_heic: bool = False
    memory_bytes_max: int = 448 * MIB
    """Of data; with its code, the process then stays under 512 MiB."""
    cpu_s_max: int = 20


class FileAccepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """It decodes from beginning to end."""

    kind: FileKind
    media_type: str
    """By its bytes, whatever was declared."""
    size: int
    """In bytes."""
    pages: int
    """1 for a picture."""
    width_px: int | None = None
    """Of a picture, as it is meant to be looked at (its orientation applied)."""
    height_px: int | None = None
    is_encrypted: bool = False
    """A PDF that needs its password again whenever it is read, or that forbids printing or copying."""
    flags: tuple[FileFlag, ...] = ()

    @property
    def is_download_only(self) -> bool:
        """Whether a viewer that runs what the file brings must not be offered."""
        return bool(self.flags)


class FileLocked(msgspec.Struct, frozen=True, kw_only=True, tag="locked"):
    """A PDF that opens with a password only."""

    kind: FileKind = "pdf"
    is_wrong_password: bool = False
    """A password was given, and it is not the one."""


class FileRefused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """It is not kept."""

    reason: RefusalReason
    kind: FileKind | None = None
    """By its first bytes, where they name one."""
    detail: str = ""
    """For operators: numbers and words of libraries, nothing of what the file says."""


Verdict = FileAccepted | FileLocked | FileRefused
