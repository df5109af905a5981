"""Files of reports on their way into a chat, opened when their turn comes, and recorded before the first byte."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wipsie.blobs.sealing import KeyHolder
from wipsie.kernel.errors import NotFound
from wipsie.slices.vault.service.delivering import OpenedFile, OpenFile
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom


def open_files_of(room: ReadingRoom, keys: KeyHolder) -> OpenFile:
    """What opens an object of a report for its owner, and for nobody else."""

    @asynccontextmanager
    async def open_file(owner: str, object_id: str) -> AsyncGenerator[OpenedFile]:
        ring = await keys.ring()
        async with room.opened(ring, Viewer.owner(owner), object_id, purpose="send") as (stored, content):
            if stored.owner != owner:
                raise NotFound("There is no such file.")
            yield OpenedFile(content, stored.media_type)

    return open_file
