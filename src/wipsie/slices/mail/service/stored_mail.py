"""Reads a mail back from the archive, and sees that it is the one its key says."""

from __future__ import annotations

import msgspec

from wipsie.blobs import BlobCorrupt, BlobStore
from wipsie.kernel.limits import MIB
from wipsie.slices.mail.domain.archive_key import ArchiveName, read_key, sender_digits
from wipsie.slices.mail.domain.document import ArchivedMail, NotADocument, read_document

DOCUMENT_BYTES_MAX = 64 * MIB
"""Ours are smaller: texts of a mail have bounds. A larger object is somebody else's, and is not taken into memory."""


class StoredMail(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the archive."""

    name: ArchiveName
    mail: ArchivedMail
    content: bytes
    """Its bytes."""


async def read_stored(blobs: BlobStore, key: str, size: int | None = None) -> StoredMail:
    """The mail under a key; `size` of its object where it is known. NotADocument, also for a key that no mail has or that is
    another mail's; BlobNotFound; BlobCorrupt; StorageUnavailable."""
    name = read_key(key)
    if name is None:
        raise NotADocument("no mail has this key")
    if size is None:
        size = await blobs.size(key)
    if size > DOCUMENT_BYTES_MAX:
        raise NotADocument(f"it has {size} bytes, more than any document")
    content = (await blobs.get(key)).content
    mail = read_document(content)
    if f"/email-{mail.timestamp_s}-{sender_digits(mail.sender)}" not in key:
        raise NotADocument("its key is that of another mail")
    return StoredMail(name=name, mail=mail, content=content)


async def whole_document(blobs: BlobStore, key: str) -> StoredMail:
    """The same for a mail that the index has: BlobCorrupt when what lies there is none."""
    try:
        return await read_stored(blobs, key)
    except NotADocument as error:
        raise BlobCorrupt(
            f"The document '{key}' is not the one that was stored: {error}. Restore it from a copy.",
            details={"key": key},
        ) from None
