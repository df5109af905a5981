"""Looking at what a link leads to, and putting its pages into another order. Neither uses the link up.

look ──► counted and recorded in one commit ──► the page, and its pictures for two minutes
move ──► the new order, and the look, in one commit ──► the page as it is then          an owner's own link only
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyHolder, KeyRing, SealedStore
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.audit_event import Fact
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.limits import MIB
from wipsie.slices.vault.service.keeping.events import Viewer, report_name
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.keeping.links.opening import LinkDesk, LinkTarget, Refusal
from wipsie.slices.vault.store.links import count_look
from wipsie.slices.vault.store.objects import objects_of_files
from wipsie.slices.vault.store.reports import Report, change_order, files_of_reports, hold_owner, report_by_id

PICTURES_S: Final = 120
"""So long after a look its pictures are given: each is one of those that a recorded look showed."""
_PICTURE_BYTES_MAX: Final = 4 * MIB
Step = Literal[-1, 1]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A page that is to change places with its neighbour."""

    version: int
    """Of the report, as it was on the page where this was asked for."""
    position: int
    """From 1."""
    step: Step


class SeenPage(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a report, on the page of a link."""

    picture: str | None
    """Id of its small picture; None where none could be made."""
    media_type: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is shown who looks."""

    target: LinkTarget
    number: int
    version: int
    pages: tuple[SeenPage, ...]
    may_order: bool
    moved: Move | None = None
    """What was done."""
    is_stale: bool = False
    """Nothing was done: the report is another than it was on the page."""


class LookDesk:
    """One per process."""

    def __init__(
        self,
        database: Database,
        sealed: SealedStore,
        keys: KeyHolder,
        clock: Clock,
        links: LinkDesk,
        indexer: ReportIndexer,
    ) -> None:
        self._database = database
        self._sealed = sealed
        self._keys = keys
        self._clock = clock
        self._links = links
        self._indexer = indexer

    async def look(self, text: str) -> Look:
        """The pages behind a link. LinkRefused, recorded."""
        return await self._look(text, None)

    async def move(self, text: str, move: Move) -> Look:
        """Let two pages change places, and look. LinkRefused, recorded; InvalidInput for a page that is not there, or has no neighbour on
        that side."""
        return await self._look(text, move)

    async def picture(self, text: str, object_id: str) -> bytes:
        """A small picture, as JPEG, of those that were shown just now. LinkRefused, recorded; SealBroken, BlobNotFound,
        StorageUnavailable, KeyMissing."""
        target = await self._links.look_up(text)
        looked_at_ms = target.row.looked_at_ms
        if looked_at_ms is None or self._clock.now_ms() - looked_at_ms >= PICTURES_S * 1000:
            await self._links.refuse(Refusal.NOT_LOOKED, target)
        async with self._database.read() as connection:
            pictures = await objects_of_files(connection, target.files, role="thumbnail")
        stored = next((one for one in pictures if one.id == object_id), None)
        if stored is None:
            await self._links.refuse(Refusal.NOT_FOR_THIS, target)
        return await self._sealed.get(stored.object_key, stored.id, stored.wrapped, bytes_max=_PICTURE_BYTES_MAX)

    async def _look(self, text: str, move: Move | None) -> Look:
        target = await self._links.look_up(text)
        if target.number is None or (move is not None and target.purpose != "get"):
            await self._links.refuse(Refusal.NOT_FOR_THIS, target)
        ring = await self._keys.ring()
        async with self._database.unit_of_work() as unit:
            look = await self._in_commit(unit, ring, target, move)
        if look is None:
            # Opened, taken back, over or erased since it was looked up; or looked at too often.
            await self._links.refuse(Refusal.USED, target)
        return look

    async def _in_commit(self, unit: UnitOfWork, ring: KeyRing, target: LinkTarget, move: Move | None) -> Look | None:
        connection, row, rule = unit.connection, target.row, target.rule
        # In the order in which everybody takes them: the owner first. From here on nobody else changes what is theirs.
        await hold_owner(connection, row.owner)
        report = await report_by_id(connection, ring, row.object)
        if report is None or report.deleted_at_ms is not None:
            return None
        looks = await count_look(
            connection, row.nonce, looks_max=rule.looks_max, opens_max=rule.opens_max, now_ms=self._clock.now_ms()
        )
        if looks is None:
            return None
        files = (await files_of_reports(connection, [report.id]))[report.id]
        is_done = False
        if move is not None and move.version == report.version:
            wanted = _moved(files, move)
            is_done = await change_order(connection, report, wanted)
            if is_done:
                files = wanted
                # Of a long report, which words are found follows from the order of its files.
                await self._indexer.index(connection, ring, report.id)
        self._record(unit, target, report, looks, move if is_done else None)
        if looks == 1:
            await self._links.tell(unit, ring, target, 0)
        return Look(
            target=target,
            number=report.number,
            version=report.version + is_done,
            pages=await _pages(connection, files),
            may_order=target.purpose == "get" and len(files) > 1,
            moved=move if is_done else None,
            is_stale=move is not None and not is_done,
        )

    @staticmethod
    def _record(unit: UnitOfWork, target: LinkTarget, report: Report, looks: int, move: Move | None) -> None:
        facts: dict[str, Fact] = {"number": report.number, "purpose": target.purpose, "looks": looks}
        action = "vault:link:look"
        if move is not None:
            # It shows the pages too: one line says both.
            action = "vault:report:reorder"
            facts |= {"page": move.position, "to": move.position + move.step, "version": report.version + 1}
        unit.record(Viewer(actor="link").event(action, report_name(report.id), facts))


def _moved(files: Sequence[str], move: Move) -> list[str]:
    at, to = move.position - 1, move.position - 1 + move.step
    if not (0 <= at < len(files) and 0 <= to < len(files)):
        raise InvalidInput("There is no such page, or none beside it on that side.", details={"field": "page"})
    changed = list(files)
    changed[at], changed[to] = changed[to], changed[at]
    return changed


async def _pages(connection: AsyncConnection, files: Sequence[str]) -> tuple[SeenPage, ...]:
    objects = await objects_of_files(connection, files)
    pictures = {one.file: one.id for one in objects if one.role == "thumbnail"}
    types = {one.file: one.media_type for one in objects if one.role == "original"}
    return tuple(SeenPage(picture=pictures.get(one), media_type=types.get(one, "")) for one in files)
