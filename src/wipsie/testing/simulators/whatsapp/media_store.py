"""Files of both sides: on disk in a temporary folder, known by media ids that end, reached by addresses that end sooner."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import msgspec

from wipsie.testing.simulators.whatsapp.file_kinds import HEAD_BYTES
from wipsie.testing.simulators.whatsapp.identifiers import Identifiers
from wipsie.testing.simulators.whatsapp.settings import Behaviour, Bounds
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock

PIECE_BYTES = 64 * 1024
ATTACHMENTS_PATH = "/whatsapp_business/attachments/"


class FileTooLarge(ValueError):
    """Above what WhatsApp carries."""


class NoRoom(RuntimeError):
    """The simulator holds as many files, or bytes, as it may."""


class StoredFile(msgspec.Struct, frozen=True):
    """Bytes on disk."""

    path: Path
    size_bytes: int
    sha256: bytes
    head: bytes

    def read(self, offset: int, bytes_max: int) -> bytes:
        """A piece; empty at the end. The file is open during the call only: whoever sends it piece by piece may be interrupted at
        any moment and has nothing to close."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, bytes_max, offset)
        finally:
            os.close(descriptor)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """All of it, piece by piece."""
        sent = 0
        while piece := await asyncio.to_thread(self.read, sent, PIECE_BYTES):
            sent += len(piece)
            yield piece


class Medium(msgspec.Struct, kw_only=True):
    """A file under a media id."""

    id: str
    file: StoredFile
    mime_type: str
    filename: str | None
    origin: Literal["webhook", "upload"]
    expires_ms: int
    announced_sha256: bytes
    announced_size: int

    @property
    def sha256_base64(self) -> str:
        return base64.b64encode(self.announced_sha256).decode()


class FileWriter:
    """Takes bytes as they come. `finish` or `discard` ends it."""

    def __init__(self, path: Path, *, bytes_max: int) -> None:
        self._path = path
        self._file = path.open("wb")
        self._hash = hashlib.sha256()
        self._size = 0
        self._head = b""
        self._bytes_max = bytes_max

    def write(self, chunk: bytes) -> None:
        """FileTooLarge, and what was written is gone."""
        self._size += len(chunk)
        if self._size > self._bytes_max:
            self.discard()
            raise FileTooLarge(f"The file has more than {self._bytes_max} bytes.")
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + chunk)[:HEAD_BYTES]
        self._hash.update(chunk)
        self._file.write(chunk)

    def finish(self) -> StoredFile:
        self._file.close()
        return StoredFile(self._path, self._size, self._hash.digest(), self._head)

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class MediaStore:
    """One per simulator. Times are those of its clock."""

    def __init__(
        self, folder: Path, *, clock: VirtualClock, identifiers: Identifiers, behaviour: Behaviour, bounds: Bounds
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._identifiers = identifiers
        self._behaviour = behaviour
        self._bounds = bounds
        self._media: dict[str, Medium] = {}
        self._files = 0
        self._bytes = 0
        self._secret = identifiers.url_hash().encode()

    def writer(self) -> FileWriter:
        """For a new file. NoRoom."""
        if self._files >= self._bounds.media or self._bytes >= self._bounds.media_bytes:
            raise NoRoom("The simulator holds as many files as it may; start it anew.")
        self._files += 1
        return FileWriter(self._folder / f"file-{self._files}", bytes_max=self._bounds.file_bytes)

    def store(self, content: bytes | Path) -> StoredFile:
        """A copy. FileTooLarge, NoRoom, OSError."""
        writer = self.writer()
        try:
            if isinstance(content, bytes):
                writer.write(content)
            else:
                with content.open("rb") as source:
                    while chunk := source.read(1024 * 1024):
                        writer.write(chunk)
        except BaseException:
            writer.discard()
            raise
        return writer.finish()

    def announce(
        self,
        file: StoredFile,
        *,
        mime_type: str,
        filename: str | None,
        origin: Literal["webhook", "upload"],
        sha256: bytes | None = None,
        size: int | None = None,
    ) -> Medium:
        """Give it a media id. `sha256` and `size`: what is said of it, when that is not the truth."""
        self._bytes += file.size_bytes
        life_s = self._behaviour.incoming_media_s if origin == "webhook" else self._behaviour.uploaded_media_s
        medium = Medium(
            id=self._identifiers.media_id(),
            file=file,
            mime_type=mime_type,
            filename=filename,
            origin=origin,
            expires_ms=self._clock.now_ms() + round(life_s * 1000),
            announced_sha256=sha256 if sha256 is not None else file.sha256,
            announced_size=size if size is not None else file.size_bytes,
        )
        self._media[medium.id] = medium
        return medium

    def find(self, media_id: str) -> Medium | None:
        """None when there is no such id, or it has ended."""
        medium = self._media.get(media_id)
        if medium is not None and medium.expires_ms <= self._clock.now_ms():
            del self._media[media_id]
            return None
        return medium

    def delete(self, media_id: str) -> bool:
        """Whether it was there. The file stays for the chats that show it."""
        return self.find(media_id) is not None and self._media.pop(media_id, None) is not None

    def address(self, base_url: str, medium: Medium, *, source: str | None = None) -> str:
        """Where its bytes are for the next five minutes."""
        ends_s = int(self._clock.now() + self._behaviour.media_url_s)
        query = {"mid": medium.id, **({"source": source} if source else {}), "ext": str(ends_s)}
        return f"{base_url}{ATTACHMENTS_PATH}?{urlencode({**query, 'hash': self._hash(medium.id, str(ends_s))})}"

    def at_address(self, media_id: str, ends_s: str, given_hash: str) -> Medium | None:
        """None when the address has ended or is not ours."""
        if not hmac.compare_digest(self._hash(media_id, ends_s), given_hash):
            return None
        if not ends_s.isdecimal() or int(ends_s) <= self._clock.now():
            return None
        return self.find(media_id)

    def _hash(self, media_id: str, ends_s: str) -> str:
        digest = hmac.new(self._secret, f"{media_id}|{ends_s}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:24]).decode()
