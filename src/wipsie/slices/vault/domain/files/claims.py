"""What can be refused before anything is decoded: size, kind, and claims that contradict the bytes."""

from __future__ import annotations

from wipsie.slices.vault.domain.files.kinds import (
    FAMILIES,
    SIGNATURE_BYTES,
    FileKind,
    family_of_media_type,
    family_of_name,
    kind_of_bytes,
)
from wipsie.slices.vault.domain.files.verdict import FileLimits, FileRefused


def check_claims(
    head: bytes, size: int, *, declared_type: str | None, name: str | None, limits: FileLimits
) -> FileKind | FileRefused:
    """The kind of a file, or why it is refused.

    `head`: its first bytes, `SIGNATURE_BYTES` or more; `size` in bytes; `declared_type`: the media type somebody claims;
    `name`: cleaned. A claim that says nothing (no name, `application/octet-stream`) contradicts nothing.
    """
    if size == 0:
        return FileRefused(reason="empty")
    if size > limits.bytes_max:
        return FileRefused(reason="too_large", kind=kind_of_bytes(head), detail=f"{size} of {limits.bytes_max} bytes")
    kind = kind_of_bytes(head[:SIGNATURE_BYTES])
    if kind is None:
        return FileRefused(reason="not_accepted")
    if (kind == "webp" and not limits.takes_webp) or (kind == "heic" and not limits.takes_heic):
        return FileRefused(reason="switched_off", kind=kind)
    family = FAMILIES[kind]
    for source, claimed in (("media type", family_of_media_type(declared_type)), ("name", family_of_name(name))):
        if claimed is not None and claimed != family:
            return FileRefused(reason="mismatch", kind=kind, detail=f"The {source} claims {claimed}.")
    return kind
