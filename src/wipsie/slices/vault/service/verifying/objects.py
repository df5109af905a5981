"""Objects: is each in the store, whole, as it was sealed, and does its key open it? And is what is erased gone?"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select

from wipsie.blobs import BlobStore
from wipsie.blobs.errors import BlobCorrupt, BlobNotFound
from wipsie.blobs.sealing import KeyHolder, KeyMissing, SealBroken, SealedStore, WrappedKey
from wipsie.database import Database
from wipsie.slices.vault.service.verifying.findings import Progress, VerifyReport
from wipsie.slices.vault.store.tables import objects_table

_PORTION: Final = 200
_OBJECTS = objects_table.c


class ObjectCheck:
    """One look at all of them."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        sealed: SealedStore,
        keys: KeyHolder,
        report: VerifyReport,
        *,
        quick: bool,
    ) -> None:
        """`quick`: keys and sizes alone; no object is read."""
        self._database = database
        self._blobs = blobs
        self._sealed = sealed
        self._keys = keys
        self._report = report
        self._quick = quick

    async def run(self, tell: Progress) -> None:
        """Look at every row. StorageUnavailable."""
        after = ""
        while True:
            async with self._database.read() as connection:
                rows = (
                    await connection.execute(
                        select(objects_table).where(_OBJECTS.id > after).order_by(_OBJECTS.id).limit(_PORTION)
                    )
                ).all()
            for row in rows:
                if row.wrapped_key is not None:
                    await self._look(row)
                elif row.removed_at_ms is not None and await self._blobs.exists(row.object_key):
                    self._report.note("object_not_removed", row.id)
            tell("objects", self._report.objects)
            if len(rows) < _PORTION:
                return
            after = rows[-1].id

    async def _look(self, row: Any) -> None:
        self._report.objects += 1
        try:
            wrapped = WrappedKey.decode(bytes(row.wrapped_key))
            if wrapped.kek_id != row.kek_id:
                raise SealBroken("The row names another key than its wrapped key.")
            if self._quick:
                await self._keys.use(lambda ring: ring.unwrap(wrapped, row.id))
                if await self._blobs.size(row.object_key) != row.sealed_size:
                    raise SealBroken("Its size is another.")
                return
            info = await self._sealed.verify(row.object_key, row.id, wrapped)
            self._report.bytes_read += info.sealed_size
            if (info.size, info.sealed_size, info.sealed_sha256) != (row.size, row.sealed_size, row.sealed_sha256):
                raise SealBroken("It opens, and is another one than its row says.")
        except KeyMissing as missing:
            self._report.note("key_missing", row.id, missing.kek_id or "")
        except BlobNotFound:
            if await self._is_as_it_was(row):
                self._report.note("object_missing", row.id, row.object_key)
        except BlobCorrupt as broken:
            if await self._is_as_it_was(row):
                self._report.note("object_changed", row.id, broken.message)

    async def _is_as_it_was(self, row: Any) -> bool:
        """Whether the row still says what was looked for: it may have been saved or erased meanwhile, or its key rotated."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(_OBJECTS.object_key, _OBJECTS.wrapped_key).where(_OBJECTS.id == row.id)
            )
            now = found.one_or_none()
        return now is not None and now.wrapped_key is not None and now.object_key == row.object_key
