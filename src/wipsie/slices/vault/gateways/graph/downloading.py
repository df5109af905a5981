"""A file of somebody, piece by piece as it comes: counted against its limit and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from wipsie.slices.vault.gateways.graph.failures import FileTooLarge

if TYPE_CHECKING:
    import aiohttp

_PIECE_BYTES = 64 * 1024


class Download:
    """What is being fetched. `sha256` and `size` are of what has come so far."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        *,
        bytes_max: int,
        translated: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """`translated`: turns errors of the connection into ours. FileTooLarge when the answer announces more than `bytes_max`."""
        self.content_type = response.content_type
        """As the answer says."""
        self.size = 0
        self._response = response
        self._bytes_max = bytes_max
        self._translated = translated
        self._digest = hashlib.sha256()
        if response.content_length is not None and response.content_length > bytes_max:
            raise FileTooLarge(f"the file has more than {bytes_max} bytes")

    @property
    def sha256(self) -> str:
        """64 hexadecimal digits."""
        return self._digest.hexdigest()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes, once. FileTooLarge, whatever was announced; GraphUnreachable when they end before their end."""
        stream = self._response.content
        while True:
            with self._translated():
                piece = await stream.read(_PIECE_BYTES)
            if not piece:
                return
            self.size += len(piece)
            if self.size > self._bytes_max:
                raise FileTooLarge(f"the file has more than {self._bytes_max} bytes")
            self._digest.update(piece)
            yield piece
