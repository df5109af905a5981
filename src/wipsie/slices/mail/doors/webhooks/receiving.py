"""Takes the body of a request in: not larger, not longer, and not more large ones at once than there is room for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.requests import Request

from wipsie.kernel.errors import RequestTooLarge, Unavailable
from wipsie.slices.mail.doors.webhooks.spool import MEMORY_BYTES_MAX, Spill, Spool

LARGE_MAX = 32
"""Large bodies at once: each may fill the disk with its size, and nobody has shown yet who it is. Small ones are not counted, so
that who sends large ones slowly keeps no small mail out."""
RECEIVE_S_MAX = 120.0
"""As long as Postmark waits for an answer; the others wait less."""


class Room:
    """For so many large bodies; one per process."""

    def __init__(self) -> None:
        self.taken = 0


class Place:
    """``with Place(room) as place:``. The place of one request in the room, should it need one."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._is_taken = False

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_taken:
            self._room.taken -= 1

    def take(self) -> None:
        """Unavailable when there is none left."""
        if self._is_taken:
            return
        if self._room.taken >= LARGE_MAX:
            # Not 429: SendGrid drops a mail that was answered so.
            raise Unavailable("Too many large webhooks are being received; send it again shortly.", retry_after_s=5)
        self._room.taken += 1
        self._is_taken = True


async def receive_body(request: Request, spool: Spool, place: Place, bytes_max: int) -> bytes | Path:
    """The body, in memory or, when it is large, in a file of `spool`. RequestTooLarge, and Unavailable when it takes too long or
    there is no room. OSError when the disk is full. ClientDisconnect."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 12 or int(announced) > bytes_max):
        raise _too_large(bytes_max)
    spill = Spill(spool)
    try:
        async with asyncio.timeout(RECEIVE_S_MAX):
            async for chunk in request.stream():
                if spill.size + len(chunk) > bytes_max:
                    raise _too_large(bytes_max)
                if spill.size + len(chunk) <= MEMORY_BYTES_MAX:
                    spill.write(chunk)
                else:
                    place.take()
                    await asyncio.to_thread(spill.write, chunk)
    except TimeoutError:
        raise Unavailable(
            f"The request did not arrive within {RECEIVE_S_MAX:g} s; send it again.", retry_after_s=5
        ) from None
    return spill.finish()


def _too_large(bytes_max: int) -> RequestTooLarge:
    return RequestTooLarge(
        f"The request is over {bytes_max} bytes; let the provider hand on smaller mails, or raise the limit.",
        details={"bytes_max": bytes_max},
    )
