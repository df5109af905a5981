"""Files that are two at once: a picture that is also a page, an archive or a PDF, a PDF that is also an archive."""

from __future__ import annotations

import io
import re
import zipfile

from wipsie.slices.vault.domain.files.kinds import FAMILIES, FileKind

_SNIFFED_BYTES = 1_024
"""Readers of PDF accept its header so far in, and browsers look about as far for markup."""
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|script|iframe|svg|body|\?php)[\s>/]", re.IGNORECASE)
_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"MSCF\x00\x00\x00\x00")


def find_second_file(content: bytes, kind: FileKind) -> str | None:
    """What else a file is, in a few words for operators, or None. `kind`: by its first bytes.

    Readers of ZIP begin at the end, those of PDF a little behind the start, and browsers trust markup: a file that pleases
    one of them beside the one it is meant for is made to.
    """
    if _ends_as_zip(content):
        return "a ZIP archive"
    if FAMILIES[kind] == "image":
        if b"%PDF-" in content[:_SNIFFED_BYTES]:
            return "a PDF"
        if _MARKUP.search(content):
            return "markup"
        if any(signature in content for signature in _ARCHIVES):
            return "an archive"
    elif _MARKUP.search(content, 0, _SNIFFED_BYTES):
        return "markup"
    return None


def _ends_as_zip(content: bytes) -> bool:
    # Finds the directory of an archive in the last 64 KiB, as unpackers do; opens nothing.
    return zipfile.is_zipfile(io.BytesIO(content))
