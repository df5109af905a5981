"""Refuses bodies over the limit: announced ones before a byte is read, chunked ones at the byte that is too many.

A client that is still sending when the connection closes sees a reset instead of the answer. So a refused body that is not
far over the limit is read to its end and thrown away, within bounds; beyond them the connection is closed.
"""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import RequestTooLarge
from wipsie.kernel.limits import MIB

DISCARD_BYTES_MAX = 8 * MIB
DISCARD_S_MAX = 1.0


def is_over(content_length: bytes, bytes_max: int) -> bool:
    """Whether the announced length is over the limit. The server has checked that it is a number."""
    # Ten digits are past any limit; longer ones are not even converted.
    return len(content_length) > 10 or int(content_length) > bytes_max


class WatchedBody:
    """A request body on its way in, counted."""

    __slots__ = ("_bytes_max", "_ended", "_receive", "_received", "refused")

    def __init__(self, receive: Receive, bytes_max: int) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._received = 0
        self._ended = False
        self.refused = False

    def refusal(self) -> RequestTooLarge:
        """Mark the body as refused and give the error to raise."""
        self.refused = True
        return RequestTooLarge(
            f"The request body is over {self._bytes_max} bytes; send less at once.",
            details={"bytes_max": self._bytes_max},
        )

    async def receive(self) -> Message:
        """The next message. RequestTooLarge as soon as more than the limit came."""
        message = await self._next()
        if self._received > self._bytes_max:
            raise self.refusal()
        return message

    async def _next(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def discard(self, content_length: bytes | None, clock: Clock) -> bool:
        """Read and forget the rest; False when it is too much or too slow, then the connection must close."""
        if self._ended:
            return True
        if content_length is not None and is_over(content_length, DISCARD_BYTES_MAX):
            return False
        reading = asyncio.ensure_future(self._discard())
        try:
            return await clock.wait(reading, DISCARD_S_MAX) and reading.result()
        finally:
            reading.cancel()

    async def _discard(self) -> bool:
        while not self._ended and self._received <= DISCARD_BYTES_MAX:
            await self._next()
        return self._ended
