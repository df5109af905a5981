"""Where an object's SHA-256 and content type are kept: in the object's own attributes, or beside it.

Buckets and memory keep attributes with an object. A directory cannot, so there each digest ever stored under a key gets
a small note ``.checksums/<key>/<sha256>``, written *before* the object. An object is whole when a note with its own
digest exists: a crash between the two writes leaves a note too many, which proves nothing false.
"""

from __future__ import annotations

from typing import Any

import msgspec

NOTES_FOLDER = ".checksums"
SHA256_ATTRIBUTE = "sha256"


class Note(msgspec.Struct, frozen=True):
    """What a directory remembers about one version of an object."""

    size: int
    content_type: str


def attributes_of(sha256: str, content_type: str) -> dict[str, Any]:
    """Attributes for stores that keep them."""
    return {"Content-Type": content_type, SHA256_ATTRIBUTE: sha256}


def note_path(key: str, sha256: str) -> str:
    """Where the note about one version of a key lies."""
    return f"{NOTES_FOLDER}/{key}/{sha256}"
