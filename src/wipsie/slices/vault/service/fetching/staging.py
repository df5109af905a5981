"""What is kept of a file until somebody decides on it: its bytes and a picture of it, each sealed with a key of its own."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from wipsie.blobs import BlobTooLarge
from wipsie.blobs.errors import BlobCorrupt, BlobNotFound
from wipsie.blobs.sealing import SealedStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.service.fetching.outcomes import Hopeless
from wipsie.slices.vault.service.fetching.plain_files import PlainFile
from wipsie.slices.vault.store.files import FileRow
from wipsie.slices.vault.store.objects import (
    OBJECT_PREFIX,
    ObjectRole,
    StoredObject,
    add_object,
    objects_of_files,
    staging_key,
)
from wipsie.telemetry.logging import get_logger

_log = get_logger(__name__)


class Staging:
    """One per process."""

    def __init__(self, database: Database, sealed: SealedStore, clock: Clock) -> None:
        self._database = database
        self._sealed = sealed
        self._clock = clock

    async def original_of(self, file: FileRow) -> StoredObject | None:
        """The bytes of a file that was fetched before."""
        async with self._database.read() as connection:
            objects = await objects_of_files(connection, [file.id], role="original")
        return objects[0] if objects else None

    async def open(self, stored: StoredObject, plain: PlainFile) -> tuple[str, int]:
        """Put the bytes into `plain`; their SHA-256 and size. Hopeless when they are lost; KeyMissing, StorageUnavailable."""
        digest = hashlib.sha256()
        try:
            async with self._sealed.opened(stored.object_key, stored.id, stored.wrapped) as content:
                async for piece in content.pieces():
                    digest.update(piece)
                    await asyncio.to_thread(plain.file.write, piece)
                await asyncio.to_thread(plain.file.flush)
        except (BlobNotFound, BlobCorrupt, BlobTooLarge) as error:
            _log.error("vault_staged_file_lost", file=stored.file, reason=error.code)
            raise Hopeless("gone") from error
        return digest.hexdigest(), stored.size

    async def keep(self, file: FileRow, content: Path | bytes, role: ObjectRole, media_type: str) -> None:
        """Seal something of a file, unless it is there. KeyMissing, StorageUnavailable."""
        now_ms = self._clock.now_ms()
        object_id = str(new_object_id(OBJECT_PREFIX, now_ms))
        if isinstance(content, Path):
            # The store looks at the size of a path; of one that is opened by number that is a link's.
            content = await asyncio.to_thread(content.read_bytes)
        sealed = await self._sealed.put(staging_key(file.owner, object_id), object_id, content)
        async with self._database.begin() as connection:
            if await objects_of_files(connection, [file.id], role=role):
                # Another worker was at it too. What was put is swept with the orphans.
                return
            await add_object(
                connection, sealed, owner=file.owner, file=file.id, role=role, media_type=media_type, now_ms=now_ms
            )
