"""What a PDF brings beside its pages: scripts, programs to start, files, forms that send. Nothing of it is run or opened."""

from __future__ import annotations

import re
from typing import Any

from wipsie.slices.vault.domain.files.pdfium import attachments_in, scripts_in
from wipsie.slices.vault.domain.files.verdict import FileFlag

_NAMES: dict[FileFlag, tuple[bytes, ...]] = {
    "javascript": (b"JavaScript",),
    "launch": (b"Launch",),
    "embedded_files": (b"EmbeddedFile", b"EmbeddedFiles", b"FileAttachment"),
    "remote_document": (b"GoToE", b"GoToR", b"ImportData"),
    "rich_media": (b"RichMedia", b"Rendition", b"Movie"),
    "form_sends": (b"SubmitForm",),
    "xfa": (b"XFA",),
}
"""Names of ISO 32000-1, by flag: actions of table 198, annotations of table 169, and the keys of forms and name trees. All are
long enough to never stand in compressed bytes by chance."""
_FLAGS: dict[bytes, FileFlag] = {name: flag for flag, names in _NAMES.items() for name in names}
_NAME = re.compile(rb"/(%b)(?=[\x00\t\n\f\r ()<>\[\]{}/%%]|\Z)" % b"|".join(_FLAGS))
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")


def flags_of(content: bytes, anew: bytes, document: Any) -> tuple[FileFlag, ...]:
    """The flags of an opened PDF, sorted. `content`: its bytes; `anew`: as PDFium writes them.

    Looked for in the bytes as they are, and in all objects as PDFium writes them anew: no object stream and no encryption hides
    a name then, and none that PDFium overlooks and another reader finds is missed. A name in a text is taken for an action:
    that costs a preview, no more.
    """
    found = _names_in(content) | _names_in(anew)
    if attachments_in(document) > 0:
        found.add("embedded_files")
    if scripts_in(document) > 0:
        found.add("javascript")
    return tuple(sorted(found))


def _names_in(content: bytes) -> set[FileFlag]:
    # Any character of a name may be written as its number.
    plain = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), content) if b"#" in content else content
    found: set[FileFlag] = {_FLAGS[match[1]] for match in _NAME.finditer(plain)}
    return found
