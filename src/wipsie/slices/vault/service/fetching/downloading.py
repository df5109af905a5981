"""The bytes of a file, from Meta: asked for as seldom as Meta wants it, and taken only when they are what was announced."""

from __future__ import annotations

import asyncio
from typing import Final

from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.vault.gateways.graph import (
    Download,
    FileTooLarge,
    GraphClient,
    GraphRefused,
    GraphUnreachable,
    PlaceRefused,
)
from wipsie.slices.vault.service.fetching import look_ups
from wipsie.slices.vault.service.fetching.outcomes import Hopeless, Later
from wipsie.slices.vault.service.fetching.plain_files import PlainFile
from wipsie.slices.vault.store.files import FileRow, count_look_up
from wipsie.telemetry.logging import get_logger

NO_ROOM_AGAIN_S: Final = 30.0
_GONE, _WRONG_CHECKSUM = "gone", "wrong_checksum"
"""What is believed when it comes twice in a row: an address may have ended, a transfer may have been spoilt."""

_log = get_logger(__name__)


class MediaDownloads:
    """One per process."""

    def __init__(self, database: Database, clock: Clock, graph: GraphClient, *, bytes_max: int) -> None:
        """`bytes_max`: of a file, whatever is said of its size."""
        self._database = database
        self._clock = clock
        self._graph = graph
        self._bytes_max = bytes_max

    async def download(self, file: FileRow, plain: PlainFile) -> tuple[str, int]:
        """Fetch the bytes of a file; their SHA-256 and size. Later, Hopeless, StorageUnavailable."""
        attempts = await self._begin(file)
        try:
            place = await self._graph.media_lookup(file.details.media_id, phone_number_id=file.phone_number_id)
            async with self._graph.download(place.url, bytes_max=self._bytes_max) as download:
                await _write(download, plain)
        except FileTooLarge:
            raise Hopeless("too_large") from None
        except PlaceRefused as error:
            # Meta may have moved its files: that is for us to learn, and no fault of this one.
            _log.error("vault_media_place_refused", file=file.id)
            raise Later("place_refused", after_s=self._until_next(attempts)) from error
        except GraphRefused as refused:
            if refused.is_gone:
                raise self._not_twice(file, _GONE, attempts) from refused
            _log.warning("vault_media_refused", file=file.id, code=refused.error.code, status=refused.http_status)
            after_s = max(self._until_next(attempts), refused.asked_s or 0.0)
            raise Later(refused.treatment.reason, after_s=after_s) from refused
        except GraphUnreachable as error:
            raise Later("meta_unreachable", after_s=self._until_next(attempts)) from error
        if any(told not in (None, download.sha256) for told in (file.details.sha256, place.sha256)):
            raise self._not_twice(file, _WRONG_CHECKSUM, attempts)
        return download.sha256, download.size

    async def _begin(self, file: FileRow) -> int:
        """Count a look-up before it is made; which one it is."""
        now_ms = self._clock.now_ms()
        if look_ups.is_over(file.received_at_ms, now_ms):
            raise Hopeless(_GONE)
        wait_ms = look_ups.next_look_up_ms(file.attempts, file.looked_up_at_ms) - now_ms
        if wait_ms > 0:
            raise Later(file.reason or "waits_for_meta", after_s=wait_ms / 1000)
        async with self._database.begin() as connection:
            return await count_look_up(connection, file.id, now_ms=now_ms)

    def _not_twice(self, file: FileRow, reason: str, attempts: int) -> Later | Hopeless:
        if file.reason == reason:
            return Hopeless(reason)
        return Later(reason, after_s=self._until_next(attempts))

    def _until_next(self, attempts: int) -> float:
        now_ms = self._clock.now_ms()
        return max(1.0, (look_ups.next_look_up_ms(attempts, now_ms) - now_ms) / 1000)


async def _write(download: Download, plain: PlainFile) -> None:
    async for piece in download.pieces():
        try:
            await asyncio.to_thread(plain.file.write, piece)
        except OSError as error:
            raise _no_room() from error
    try:
        await asyncio.to_thread(plain.file.flush)
    except OSError as error:
        raise _no_room() from error


def _no_room() -> StorageUnavailable:
    return StorageUnavailable("There is no room for a file that came.", retry_after_s=NO_ROOM_AGAIN_S)
