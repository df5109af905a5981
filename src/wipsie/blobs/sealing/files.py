"""Sealing and opening between files and bytes, each in one go. All of this blocks: `threads.in_thread` calls it.

`over`: an event that ends the work early, with Abandoned.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from wipsie.blobs.sealing.key_ring import KeyRing
from wipsie.blobs.sealing.streams import open_pieces, seal_pieces
from wipsie.blobs.sealing.threads import until
from wipsie.blobs.sealing.wrapped_key import WrappedKey


def open_content(content: bytes | Path) -> BinaryIO:
    """Bytes, or what stands in a file, to be read like a file. OSError."""
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)


def new_file(path: Path) -> BinaryIO:
    """A file that was not there, and that only its owner may read. OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def seal_bytes(ring: KeyRing, object_id: str, content: bytes) -> tuple[WrappedKey, bytes]:
    """The wrapped key, and the sealed object."""
    wrapped, pieces = seal_pieces(ring, object_id, io.BytesIO(content))
    return wrapped, b"".join(pieces)


def seal_file(
    ring: KeyRing, object_id: str, content: Path, target: Path, over: threading.Event
) -> tuple[WrappedKey, int]:
    """The wrapped key, and the size of the content. The sealed object stands in the new file `target`; not when it fails.
    OSError; InvalidInput for content that is too large."""
    with content.open("rb") as source:
        wrapped, pieces = seal_pieces(ring, object_id, source)
        _write(until(over, pieces), target)
        return wrapped, source.tell()


def open_bytes(data_key: bytes, object_id: str, sealed: bytes) -> bytes:
    """The content. SealBroken."""
    return b"".join(open_pieces(data_key, object_id, io.BytesIO(sealed)))


def open_file(data_key: bytes, object_id: str, sealed: bytes | Path, target: Path, over: threading.Event) -> int:
    """The size of the content, which stands in the new file `target`; not when it fails. SealBroken, OSError."""
    with open_content(sealed) as source:
        return _write(until(over, open_pieces(data_key, object_id, source)), target)


def prove(data_key: bytes, object_id: str, sealed: bytes | Path, over: threading.Event) -> int:
    """The size of the content, all of which was opened and kept nowhere. SealBroken, OSError."""
    with open_content(sealed) as source:
        return sum(map(len, until(over, open_pieces(data_key, object_id, source))))


def _write(pieces: Iterator[bytes], target: Path) -> int:
    size = 0
    file = new_file(target)
    try:
        with file:
            for piece in pieces:
                size += file.write(piece)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return size
