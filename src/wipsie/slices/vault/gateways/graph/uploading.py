"""The form by which a file is uploaded, piece by piece and with its length: `multipart/form-data` (RFC 7578)."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from typing import Protocol

_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,100}/[a-z0-9.+-]{1,100}")


class FileToUpload(Protocol):
    """A file of ours, such as an `Opened` of a sealed store."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Its bytes, once."""
        ...


class UploadForm:
    """One upload."""

    def __init__(self, file: FileToUpload, media_type: str) -> None:
        """ValueError for a `media_type` that is none."""
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise ValueError("a media type is written like application/pdf")
        boundary = secrets.token_hex(16)
        fields = {"messaging_product": "whatsapp", "type": media_type}
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        # The name that people see is that of the message.
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        self._head = head.encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + file.size + len(self._tail)),
        }
        self.failure: Exception | None = None
        """Why the file could not be read, when that was it."""

    async def body(self) -> AsyncIterator[bytes]:
        """The bytes of the request."""
        yield self._head
        try:
            async for piece in self._file.pieces():
                yield piece
        except Exception as error:
            # The HTTP library would tell of a connection that broke.
            self.failure = error
            raise
        yield self._tail
