"""Verifies a vault. Nothing is changed, and Wipsie may run meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.audit.anchors import Anchor
from wipsie.audit.keys import AuditKeys
from wipsie.audit.verification import verify as verify_log
from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyHolder, SealedStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.keeping.sweeping import Fate, OrphanSweep
from wipsie.slices.vault.service.verifying.findings import Progress, VerifyReport
from wipsie.slices.vault.service.verifying.objects import ObjectCheck
from wipsie.slices.vault.service.verifying.rows import RowCheck


class VaultVerify:
    """Over one vault."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        sealed: SealedStore,
        keys: KeyHolder,
        clock: Clock,
        indexer: ReportIndexer,
        *,
        audit_keys: AuditKeys,
        anchors: Sequence[tuple[str, Anchor | None]] = (),
    ) -> None:
        """`anchors`: of the audit log, as `Anchors.all` gave them."""
        self._database = database
        self._blobs = blobs
        self._sealed = sealed
        self._keys = keys
        self._clock = clock
        self._indexer = indexer
        self._audit_keys = audit_keys
        self._anchors = anchors

    async def run(self, *, quick: bool = False, on_progress: Progress | None = None) -> VerifyReport:
        """Compare everything. `quick`: no object is read; keys and sizes alone. KeyMissing when there is no key at all;
        StorageUnavailable."""
        report, tell = VerifyReport(), on_progress or _untold
        await RowCheck(self._database, self._keys, self._indexer, report).run(tell)
        await ObjectCheck(self._database, self._blobs, self._sealed, self._keys, report, quick=quick).run(tell)
        async for one in OrphanSweep(self._database, self._blobs, self._clock).stored():
            report.keys += 1
            if one.fate in (Fate.LEFT_OVER, Fate.ORPHAN):
                report.note("left_over", one.key)
            elif one.fate is Fate.FOREIGN:
                report.note("foreign", one.key)
            tell("keys", report.keys)
        await self._log(report, tell)
        return report

    async def _log(self, report: VerifyReport, tell: Progress) -> None:
        found = await verify_log(
            self._database,
            self._audit_keys,
            anchors=self._anchors,
            on_progress=lambda events: tell("events", events),
        )
        report.events = found.events
        for finding in found.findings:
            report.note("audit", "" if finding.seq is None else str(finding.seq), finding.sentence)


def _untold(what: str, count: int) -> None:
    del what, count
