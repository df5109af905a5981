"""Links are given out and taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.kernel.audit_event import Fact
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidInput, NotFound
from wipsie.slices.vault.service.keeping.events import Viewer, export_name, owner_name, report_name
from wipsie.slices.vault.service.keeping.links.rules import PATH, RULES, LinkPurpose, link_signer
from wipsie.slices.vault.store.links import add_link, revoke_links
from wipsie.slices.vault.store.objects import StoredObject
from wipsie.slices.vault.store.reports import report_by_number


class GivenLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to be sent."""

    url: str
    expires_at_ms: int
    purpose: LinkPurpose


class LinkGiver:
    """One per process."""

    def __init__(self, clock: Clock, *, base_url: Callable[[], str]) -> None:
        """`base_url` gives that of this API as people reach it, without a slash at its end."""
        self._clock = clock
        self._base_url = base_url

    async def make(
        self,
        unit: UnitOfWork,
        ring: KeyRing,
        owner: str,
        number: int,
        viewer: Viewer,
        purpose: Literal["get", "share", "break_glass"] = "get",
        *,
        lifetime_s: float | None = None,
    ) -> GivenLink:
        """A link to an owner's report, good for `lifetime_s` or as its rule says. NotFound; InvalidInput for a longer time than its rule
        allows."""
        report = await report_by_number(unit.connection, ring, owner, number)
        if report is None or report.deleted_at_ms is not None:
            raise NotFound("There is no such report.", details={"number": number})
        given = await self._give(unit, ring, owner, report.id, purpose, lifetime_s)
        facts: dict[str, Fact] = {"number": number, "purpose": purpose, "expires_at_ms": given.expires_at_ms}
        unit.record(viewer.event("vault:link:make", report_name(report.id), facts))
        return given

    async def make_for_export(self, unit: UnitOfWork, ring: KeyRing, export: StoredObject, viewer: Viewer) -> GivenLink:
        """A link to an archive that was made."""
        given = await self._give(unit, ring, export.owner, export.id, "export", None)
        facts: dict[str, Fact] = {"purpose": "export", "expires_at_ms": given.expires_at_ms}
        unit.record(viewer.event("vault:link:make", export_name(export.id), facts))
        return given

    async def revoke(
        self, unit: UnitOfWork, ring: KeyRing, owner: str, viewer: Viewer, number: int | None = None
    ) -> int:
        """Take links back: those to one report, or all of an owner; how many opened something until now. NotFound."""
        objects: Sequence[str] | None = None
        name = owner_name(owner)
        if number is not None:
            report = await report_by_number(unit.connection, ring, owner, number)
            if report is None:
                raise NotFound("There is no such report.", details={"number": number})
            objects, name = [report.id], report_name(report.id)
        count = await revoke_links(unit.connection, owner, objects=objects, now_ms=self._clock.now_ms())
        unit.record(viewer.event("vault:link:revoke", name, {"links": count}))
        return count

    async def _give(
        self,
        unit: UnitOfWork,
        ring: KeyRing,
        owner: str,
        object_id: str,
        purpose: LinkPurpose,
        lifetime_s: float | None,
    ) -> GivenLink:
        rule = RULES[purpose]
        wanted_s = rule.lifetime_s if lifetime_s is None else lifetime_s
        if not 0 < wanted_s <= rule.lifetime_s_max:
            raise InvalidInput(f"A link of this kind is good for {rule.lifetime_s_max:g} s at most.")
        now_ms = self._clock.now_ms()
        text, link = link_signer(ring).sign(
            object_id=object_id, owner_id=owner, purpose=purpose, now_ms=now_ms, lifetime_s=wanted_s
        )
        await add_link(unit.connection, link, now_ms=now_ms)
        url = f"{self._base_url()}{PATH}/{text}"
        return GivenLink(url=url, expires_at_ms=link.expires_at_ms, purpose=purpose)
