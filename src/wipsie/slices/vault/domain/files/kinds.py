"""The kinds of files the vault takes, and how each is known: by its bytes, by a media type, by the end of a name."""

from __future__ import annotations

import re
from typing import Literal

FileKind = Literal["pdf", "jpeg", "png", "webp", "heic"]
Family = Literal["document", "image"]

ALWAYS_TAKEN: frozenset[FileKind] = frozenset({"pdf", "jpeg", "png"})
BEHIND_A_SWITCH: frozenset[FileKind] = frozenset({"webp", "heic"})

FAMILIES: dict[FileKind, Family] = {
    "pdf": "document",
    "jpeg": "image",
    "png": "image",
    "webp": "image",
    "heic": "image",
}
MEDIA_TYPES: dict[FileKind, str] = {
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
}

SIGNATURE_BYTES = 64
"""So many first bytes are enough for `kind_of_bytes`."""
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/binary"})
_OTHER_MEDIA_TYPES: dict[str, Family] = {
    "application/x-pdf": "document",
    "image/jpg": "image",
    "image/pjpeg": "image",
    "image/x-png": "image",
    "image/heif": "image",
}
_EXTENSIONS: dict[str, Family] = {
    "pdf": "document",
    "jpg": "image",
    "jpeg": "image",
    "jpe": "image",
    "jfif": "image",
    "png": "image",
    "webp": "image",
    "heic": "image",
    "heif": "image",
}
_OTHER_ENDINGS = (
    "7z aac apk app avi bat bin bmp bz2 class cmd com cpl csv dcm dll dmg doc docm docx eml exe gif gz hta htm html ico iso "
    "jar js jse json jsp lnk log m4a mhtml mjs mov mp3 mp4 msg msi odp ods odt ogg opus php pif pl ppt pptm pptx ps ps1 py "
    "rar reg rtf scr sh svg svgz swf tar tgz tif tiff txt vb vbe vbs wav webm wsf xht xhtml xls xlsm xlsx xml xz zip"
)
_OF_OTHER_KINDS = frozenset(_OTHER_ENDINGS.split())
"""What people mean by an ending. Any other one, as in `Dr. Example` or `report.v2`, is part of the name."""
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,5})\Z")


def kind_of_bytes(head: bytes) -> FileKind | None:
    """The kind by signature at the very beginning, or None for anything else. `head`: the first `SIGNATURE_BYTES` or more.

    Readers of PDF look further for `%PDF-`; a file that needs this is two files in one, or damaged.
    """
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "heic"
    return None


def family_of_media_type(declared: str | None) -> Family | Literal["other"] | None:
    """What a Content-Type claims: a family we take, "other", or None when it claims nothing."""
    media_type = (declared or "").partition(";")[0].strip().lower()
    if media_type in _SAYS_NOTHING:
        return None
    for kind, name in MEDIA_TYPES.items():
        if media_type == name:
            return FAMILIES[kind]
    return _OTHER_MEDIA_TYPES.get(media_type, "other")


def family_of_name(name: str | None) -> Family | Literal["other"] | None:
    """What the end of a cleaned file name claims: a family we take, "other", or None when it claims nothing."""
    found = _EXTENSION.search(name or "")
    if found is None:
        return None
    extension = found[1].lower()
    if extension in _OF_OTHER_KINDS:
        return "other"
    return _EXTENSIONS.get(extension)
