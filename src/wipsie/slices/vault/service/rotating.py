"""Rotation: everything that an earlier key sealed is sealed with the key in use, in portions, beside a running vault.

objects     their keys are wrapped anew; the objects stay as they are
values      of sealed columns
people      the tokens by which they are found
files       the tokens by which the same bytes are known again
words       the index of each report

Each portion is a commit of its own. A run that is ended begins where the last one was: what is done is known by its key. What somebody
changes meanwhile is theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.errors import BlobCorrupt, BlobNotFound
from wipsie.blobs.sealing import KeyHolder, KeyRing, SealBroken, SealedStore, WrappedKey
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.store.files import FileRow, files_of, rekey_content
from wipsie.slices.vault.store.identities import rekey
from wipsie.slices.vault.store.objects import objects_of_files
from wipsie.slices.vault.store.reports import hold_owner
from wipsie.slices.vault.store.sealed_columns import SEALED_COLUMNS, SealedColumn, reseal_row, sealed_rows
from wipsie.slices.vault.store.tables import files_table, identities_table, objects_table, reports_table
from wipsie.slices.vault.store.words import marked
from wipsie.telemetry.logging import get_logger

PORTION: Final = 100
_OBJECTS = objects_table.c
_REPORTS = reports_table.c
_FILES = files_table.c
_IDENTITIES = identities_table.c
_log = get_logger(__name__)

Progress = Callable[[str, int], None]
"""(what is rotated, how many were)."""


class Rotated(msgspec.Struct, kw_only=True):
    """What a run came to."""

    active: str
    """Id of the key in use."""
    objects: int = 0
    values: int = 0
    people: int = 0
    files: int = 0
    words: int = 0
    """Reports whose words were written anew."""
    broken: int = 0
    """What could not be opened, and stays as it is; `wipsie vault verify` says where."""


class Rotation:
    """Over one vault. Several runs beside each other do no harm."""

    def __init__(
        self,
        database: Database,
        sealed: SealedStore,
        keys: KeyHolder,
        indexer: ReportIndexer,
        *,
        portion: int = PORTION,
    ) -> None:
        self._database = database
        self._sealed = sealed
        self._keys = keys
        self._indexer = indexer
        self._portion = portion

    async def run(self, *, actor: str = "cli", on_progress: Progress | None = None) -> Rotated:
        """Rotate what is left. KeyMissing, StorageUnavailable: what was done until then stays done."""
        ring = await self._keys.refresh()
        done = Rotated(active=ring.active)
        tell = on_progress or _untold
        await self._objects(ring, done, tell)
        for one in SEALED_COLUMNS:
            await self._values(ring, one, done, tell)
        await self._people(ring, done, tell)
        await self._files(ring, done, tell)
        await self._words(ring, done, tell)
        async with self._database.unit_of_work() as unit:
            facts = msgspec.structs.asdict(done)
            unit.record(AuditEvent(actor=actor, action="vault:keys:rotate", object="vault:keys", facts=facts))
        return done

    async def in_use(self) -> dict[str, int]:
        """How many objects and values each key sealed, by its id: what is lost with it. Words and tokens count for the key in use only
        when a run came to its end."""
        counts: dict[str, int] = {}
        async with self._database.read() as connection:
            found = await connection.execute(
                select(_OBJECTS.kek_id, func.count()).where(_OBJECTS.kek_id.is_not(None)).group_by(_OBJECTS.kek_id)
            )
            for kek_id, count in found:
                counts[kek_id] = counts.get(kek_id, 0) + count
            for one in SEALED_COLUMNS:
                key_id = func.substr(one.column, 2, 8)
                by_key = await connection.execute(
                    select(key_id, func.count())
                    .where(one.column.is_not(None), func.length(one.column) > 0)
                    .group_by(key_id)
                )
                for raw, count in by_key:
                    kek_id = bytes(raw).hex()
                    counts[kek_id] = counts.get(kek_id, 0) + count
        return counts

    async def words_left(self) -> int:
        """Reports whose words another key made than the one in use. KeyMissing."""
        ring = await self._keys.ring()
        left, after = 0, ""
        async with self._database.read() as connection:
            while reports := await self._reports(connection, after):
                left += len(reports) - len(await marked(connection, ring, reports))
                after = reports[-1][0]
        return left

    async def _objects(self, ring: KeyRing, done: Rotated, tell: Progress) -> None:
        after = ""
        while True:
            async with self._database.begin() as connection:
                rows = (
                    await connection.execute(
                        select(_OBJECTS.id, _OBJECTS.wrapped_key)
                        .where(_OBJECTS.wrapped_key.is_not(None), _OBJECTS.kek_id != ring.active, _OBJECTS.id > after)
                        .order_by(_OBJECTS.id)
                        .limit(self._portion)
                    )
                ).all()
                for row in rows:
                    encoded = bytes(row.wrapped_key)
                    try:
                        fresh = ring.rewrap(WrappedKey.decode(encoded), row.id)
                    except SealBroken:
                        done.broken += 1
                        continue
                    changed = await connection.execute(
                        update(objects_table)
                        # It may be erased at this moment: then it stays so.
                        .where(_OBJECTS.id == row.id, _OBJECTS.wrapped_key == encoded)
                        .values(wrapped_key=fresh.encode(), kek_id=fresh.kek_id)
                    )
                    done.objects += changed.rowcount
            tell("objects", done.objects)
            if len(rows) < self._portion:
                return
            after = rows[-1].id

    async def _values(self, ring: KeyRing, one: SealedColumn, done: Rotated, tell: Progress) -> None:
        after: Sequence[Any] | None = None
        while True:
            async with self._database.begin() as connection:
                rows = await sealed_rows(connection, one, count_max=self._portion, after=after, other_than=ring.active)
                for row in rows:
                    try:
                        done.values += await reseal_row(connection, ring, one, row)
                    except SealBroken:
                        done.broken += 1
                        _log.error("vault_value_not_rotated", column=one.name, row=row.row_id)
            tell("values", done.values)
            if len(rows) < self._portion:
                return
            after = rows[-1].at

    async def _people(self, ring: KeyRing, done: Rotated, tell: Progress) -> None:
        after = ""
        while True:
            async with self._database.begin() as connection:
                found = await connection.execute(
                    select(_IDENTITIES.id).where(_IDENTITIES.id > after).order_by(_IDENTITIES.id).limit(self._portion)
                )
                ids = list(found.scalars())
                for owner in ids:
                    # Whoever changes them at this moment waits, or is waited for.
                    await hold_owner(connection, owner)
                    try:
                        await rekey(connection, ring, owner)
                    except SealBroken:
                        done.broken += 1
                    else:
                        done.people += 1
            tell("people", done.people)
            if len(ids) < self._portion:
                return
            after = ids[-1]

    async def _files(self, ring: KeyRing, done: Rotated, tell: Progress) -> None:
        after = ""
        while True:
            async with self._database.read() as connection:
                found = await connection.execute(
                    select(_FILES.id)
                    .where(_FILES.content_token.is_not(None), _FILES.state != "erased", _FILES.id > after)
                    .order_by(_FILES.id)
                    .limit(self._portion)
                )
                ids = list(found.scalars())
                try:
                    files = await files_of(connection, ring, ids)
                except SealBroken:
                    files = []
                    done.broken += len(ids)
            for file in files:
                if await self._file(ring, file):
                    done.files += 1
                else:
                    done.broken += 1
            tell("files", done.files)
            if len(ids) < self._portion:
                return
            after = ids[-1]

    async def _file(self, ring: KeyRing, file: FileRow) -> bool:
        told = file.details.sha256
        if told is not None:
            async with self._database.begin() as connection:
                if await rekey_content(connection, ring, file.id, file.owner, told):
                    return True
        # Nobody said what it is, or something else: its bytes do.
        sha256 = await self._sha256(file.id)
        if sha256 is None:
            return False
        async with self._database.begin() as connection:
            return await rekey_content(connection, ring, file.id, file.owner, sha256)

    async def _sha256(self, file: str) -> str | None:
        digest = hashlib.sha256()
        try:
            async with self._database.read() as connection:
                objects = await objects_of_files(connection, [file], role="original")
            if not objects:
                return None
            stored = objects[0]
            async with self._sealed.opened(stored.object_key, stored.id, stored.wrapped) as content:
                async for piece in content.pieces():
                    digest.update(piece)
        except (BlobNotFound, BlobCorrupt):
            return None
        return digest.hexdigest()

    async def _words(self, ring: KeyRing, done: Rotated, tell: Progress) -> None:
        after = ""
        while True:
            async with self._database.read() as connection:
                reports = await self._reports(connection, after)
                known = await marked(connection, ring, reports)
            for report_id, _ in reports:
                if report_id in known:
                    continue
                try:
                    async with self._database.begin() as connection:
                        await self._indexer.index(connection, ring, report_id)
                except SealBroken:
                    done.broken += 1
                else:
                    done.words += 1
            tell("words", done.words)
            if len(reports) < self._portion:
                return
            after = reports[-1][0]

    async def _reports(self, connection: AsyncConnection, after: str) -> list[tuple[str, str]]:
        found = await connection.execute(
            select(_REPORTS.id, _REPORTS.owner)
            .where(_REPORTS.erased_at_ms.is_(None), _REPORTS.id > after)
            .order_by(_REPORTS.id)
            .limit(self._portion)
        )
        return [(row.id, row.owner) for row in found]


def _untold(what: str, count: int) -> None:
    del what, count
