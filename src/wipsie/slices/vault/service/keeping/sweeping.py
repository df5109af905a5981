"""Bytes that no row needs: what crashes left behind. Nothing else is touched, and nothing that somebody may be about to need.

key in the store, and its row                                             fate
──────────────────────────────────────────────────────────────────────    ─────────
the row says this very key, and its object opens                          in use
the row says a staging key, this is where its report will have it         in use: a save may be between its copy and its commit
the row says another key                                                  left over
the row's object is erased                                                left over: the upkeep removes it as well
no row, and the object was named less than a day ago                      young: a row may follow
no row                                                                    orphan
a name that is none of ours                                               foreign: told, and never removed
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import select

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.store.objects import EXPORTS_FOLDER, OBJECT_PREFIX, STAGING_FOLDER, VAULT_FOLDER, vault_key
from wipsie.slices.vault.store.tables import objects_table

YOUNG_MS: Final = 86_400_000
WHOLE_MS: Final = 86_400_000
FOLDERS: Final = (STAGING_FOLDER, VAULT_FOLDER, EXPORTS_FOLDER)
_OURS: Final = re.compile(
    rf"(?:{STAGING_FOLDER}/[^/]+|{VAULT_FOLDER}/[^/]+/[0-9]{{4}}|{EXPORTS_FOLDER}/[^/]+)/"
    rf"(?P<id>{OBJECT_PREFIX}_(?P<at>[0-9a-f]{{12}})[0-9a-f]{{20}})"
)
_PORTION: Final = 500
_OBJECTS = objects_table.c


class Fate(StrEnum):
    """What becomes of a key."""

    IN_USE = "in_use"
    YOUNG = "young"
    LEFT_OVER = "left_over"
    ORPHAN = "orphan"
    FOREIGN = "foreign"


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key in the store."""

    key: str
    size: int
    fate: Fate


class OrphanSweep:
    """Over one object store and its rows."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._whole_at_ms = 0

    async def upkeep(self) -> None:
        """Sweep what crashes leave behind most, staging, and all of it once a day: a vault may have millions of objects.
        StorageUnavailable."""
        now_ms = self._clock.now_ms()
        if now_ms - self._whole_at_ms < WHOLE_MS:
            await self.sweep((STAGING_FOLDER,))
            return
        await self.sweep()
        self._whole_at_ms = now_ms

    async def sweep(self, folders: Sequence[str] = FOLDERS) -> int:
        """Remove what is left over, and orphans; how many. StorageUnavailable."""
        removed = 0
        async for one in self.stored(folders):
            if one.fate in (Fate.LEFT_OVER, Fate.ORPHAN):
                removed += await self._blobs.delete(one.key)
        return removed

    async def stored(self, folders: Sequence[str] = FOLDERS) -> AsyncGenerator[StoredKey]:
        """Every key of the vault in these folders with its fate. StorageUnavailable."""
        portion: list[tuple[str, int]] = []
        for folder in folders:
            async for entry in self._blobs.walk(folder):
                portion.append(entry)
                if len(portion) >= _PORTION:
                    for one in await self._fates(portion):
                        yield one
                    portion = []
        for one in await self._fates(portion):
            yield one

    async def _fates(self, portion: Sequence[tuple[str, int]]) -> list[StoredKey]:
        named = {key: _OURS.fullmatch(key) for key, _ in portion}
        ids = {found["id"] for found in named.values() if found is not None}
        # After the walk saw them: a row that follows its object is seen, or the object is young.
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(
                    _OBJECTS.id, _OBJECTS.owner, _OBJECTS.object_key, _OBJECTS.wrapped_key, _OBJECTS.created_at_ms
                ).where(_OBJECTS.id.in_(ids))
            )
            by_id = {row.id: row for row in rows}
        return [StoredKey(key=key, size=size, fate=self._fate(key, named[key], by_id)) for key, size in portion]

    def _fate(self, key: str, name: re.Match[str] | None, rows: dict[str, Any]) -> Fate:
        if name is None:
            return Fate.FOREIGN
        row = rows.get(name["id"])
        if row is None:
            # Ids begin with the moment they were made.
            is_young = int(name["at"], 16) > self._clock.now_ms() - YOUNG_MS
            return Fate.YOUNG if is_young else Fate.ORPHAN
        if row.wrapped_key is None:
            return Fate.LEFT_OVER
        places = {row.object_key}
        if row.object_key.startswith(f"{STAGING_FOLDER}/"):
            places.add(vault_key(row.owner, row.id, row.created_at_ms))
        return Fate.IN_USE if key in places else Fate.LEFT_OVER
