"""Links are looked at and opened, or refused."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from enum import StrEnum
from typing import Final, NoReturn

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyHolder, KeyRing, Opened, SealedStore
from wipsie.blobs.signed_links import LinkFault, LinkRefused, SignedLink
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.audit_event import Fact
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.languages import DEFAULT_LANGUAGE, Language
from wipsie.slices.vault.service.keeping.events import Viewer, export_name, report_name
from wipsie.slices.vault.service.keeping.links.rules import (
    RULES,
    LinkPurpose,
    LinkRule,
    audited_name,
    link_purpose,
    link_signer,
)
from wipsie.slices.vault.store.identities import identity_of
from wipsie.slices.vault.store.links import LinkRow, count_open, link_of
from wipsie.slices.vault.store.objects import StoredObject, object_of, objects_of_files
from wipsie.slices.vault.store.reports import Report, files_of_reports, report_by_id
from wipsie.telemetry.logging import get_logger

REFUSALS_RECORDED_MAX: Final = 600
"""In an hour, by one process; more are logged."""
_log = get_logger(__name__)


class Refusal(StrEnum):
    """Why a genuine link opens nothing, besides what `LinkFault` says."""

    UNKNOWN = "unknown"
    """It has no row: made in another database, or long over."""
    REVOKED = "revoked"
    USED = "used"
    """As often as it may be."""
    GONE = "gone"
    """What it led to is deleted, or erased."""
    NOT_FOR_THIS = "not_for_this"
    """It leads to something, but not to what was asked for under it: an archive has no pages, and what is shared is not changed."""
    NOT_LOOKED = "not_looked"
    """A picture was asked for by itself."""


class LinkTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What a link leads to."""

    row: LinkRow
    language: Language
    number: int | None
    """Of the report; None for an export."""
    objects: tuple[StoredObject, ...]
    files: tuple[str, ...] = ()
    """Of the report, in its order."""

    @property
    def purpose(self) -> LinkPurpose:
        return link_purpose(self.row)

    @property
    def rule(self) -> LinkRule:
        return RULES[self.purpose]


class OpenedLink(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody opened a link: what the owner is told."""

    owner: str
    purpose: LinkPurpose
    number: int | None
    opens: int
    """0: its pages were looked at, for the first time."""


OpenObject = Callable[[StoredObject], contextlib.AbstractAsyncContextManager[Opened]]
"""Opens an object of a link's target; one that was proved already at once."""


class LinkDesk:
    """One per process."""

    def __init__(
        self,
        database: Database,
        sealed: SealedStore,
        keys: KeyHolder,
        clock: Clock,
        *,
        on_opened: Callable[[UnitOfWork, KeyRing, OpenedLink], Awaitable[None]] | None = None,
    ) -> None:
        """`on_opened` is called in the commit that counts an opening: to tell the owner."""
        self._database = database
        self._sealed = sealed
        self._keys = keys
        self._clock = clock
        self._on_opened = on_opened
        self._refusals = _Hourly(REFUSALS_RECORDED_MAX)

    async def look_up(self, text: str) -> LinkTarget:
        """What a link leads to, for the page that asks whether to open it; nothing is counted. LinkRefused, recorded."""
        ring = await self._keys.ring()
        link = await self._checked(ring, text)
        async with self._database.read() as connection:
            target = await self._target(connection, ring, link)
        if isinstance(target, Refusal):
            await self._refuse(target, link)
        return target

    async def refuse(self, reason: Refusal, target: LinkTarget) -> NoReturn:
        """Refuse what was asked for under a genuine link. LinkRefused, recorded."""
        await self._refuse(reason, None, row=target.row)

    async def tell(self, unit: UnitOfWork, ring: KeyRing, target: LinkTarget, opens: int) -> None:
        """Have the owner told that a link was opened `opens` times, or looked at (0)."""
        if self._on_opened is not None:
            told = OpenedLink(owner=target.row.owner, purpose=target.purpose, number=target.number, opens=opens)
            await self._on_opened(unit, ring, told)

    @contextlib.asynccontextmanager
    async def opened(self, text: str) -> AsyncGenerator[tuple[LinkTarget, OpenObject]]:
        """Open a link once: its target, and what opens its objects. Counted and recorded before this gives anything; the first object
        was proved then. LinkRefused, recorded; SealBroken, BlobNotFound, StorageUnavailable, KeyMissing: nothing is counted then."""
        target = await self.look_up(text)
        ring = await self._keys.ring()
        async with contextlib.AsyncExitStack() as stack:
            first = target.objects[0]
            content = await stack.enter_async_context(self._content(first))
            await self._count(ring, target)

            @contextlib.asynccontextmanager
            async def open_object(stored: StoredObject) -> AsyncGenerator[Opened]:
                if stored.id == first.id:
                    yield content
                    return
                async with self._content(stored) as another:
                    yield another

            yield target, open_object

    async def _checked(self, ring: KeyRing, text: str) -> SignedLink:
        try:
            return link_signer(ring).check(text, purposes=tuple(RULES), now_ms=self._clock.now_ms())
        except LinkRefused as refused:
            await self._refuse(refused.reason, None)

    @staticmethod
    async def _target(connection: AsyncConnection, ring: KeyRing, link: SignedLink) -> LinkTarget | Refusal:
        row = await link_of(connection, link)
        if row is None:
            return Refusal.UNKNOWN
        if row.revoked_at_ms is not None:
            return Refusal.REVOKED
        if row.opens >= RULES[link_purpose(row)].opens_max:
            return Refusal.USED
        report: Report | None = None
        files: list[str] = []
        if row.purpose == "export":
            export = await object_of(connection, row.object)
            objects = [] if export is None or export.owner != row.owner else [export]
        else:
            report = await report_by_id(connection, ring, row.object)
            if report is None or report.owner != row.owner or report.deleted_at_ms is not None:
                return Refusal.GONE
            files = (await files_of_reports(connection, [report.id]))[report.id]
            objects = await objects_of_files(connection, files, role="original")
        if not objects:
            return Refusal.GONE
        identity = await identity_of(connection, ring, row.owner)
        return LinkTarget(
            row=row,
            language=DEFAULT_LANGUAGE if identity is None else identity.language,
            number=None if report is None else report.number,
            objects=tuple(objects),
            files=tuple(files),
        )

    async def _count(self, ring: KeyRing, target: LinkTarget) -> None:
        row = target.row
        async with self._database.unit_of_work() as unit:
            opens = await count_open(
                unit.connection, row.nonce, opens_max=target.rule.opens_max, now_ms=self._clock.now_ms()
            )
            if opens is not None:
                facts: dict[str, Fact] = {"purpose": target.purpose, "opens": opens}
                if target.number is not None:
                    facts["number"] = target.number
                unit.record(Viewer(actor="link").event("vault:link:open", audited_name(row), facts))
                await self.tell(unit, ring, target, opens)
        if opens is None:
            # Opened by somebody else, taken back or over since it was looked at.
            await self._refuse(Refusal.USED, None, row=row)

    @contextlib.asynccontextmanager
    async def _content(self, stored: StoredObject) -> AsyncGenerator[Opened]:
        async with self._sealed.opened(stored.object_key, stored.id, stored.wrapped) as content:
            yield content

    async def _refuse(
        self, reason: LinkFault | Refusal, link: SignedLink | None, *, row: LinkRow | None = None
    ) -> NoReturn:
        """Record that a link was refused, and refuse it: in the same words, whatever the reason."""
        name = "link:unknown"
        if row is not None:
            name = audited_name(row)
        elif link is not None:
            name = export_name(link.object_id) if link.purpose == "export" else report_name(link.object_id)
        if self._refusals.count(self._clock.now_ms()):
            async with self._database.unit_of_work() as unit:
                unit.record(Viewer(actor="link").event("vault:link:refuse", name, {"why": reason.value}))
        else:
            # The audit log is kept for ever: nobody fills it from outside.
            _log.warning("vault_link_refused", why=reason.value)
        raise LinkRefused(LinkFault.ALTERED)


class _Hourly:
    """Counts up to a limit each hour."""

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._hour = 0
        self._count = 0

    def count(self, now_ms: int) -> bool:
        """False when there were too many in this hour."""
        hour = now_ms // 3_600_000
        if hour != self._hour:
            self._hour, self._count = hour, 0
        self._count += 1
        return self._count <= self._count_max
