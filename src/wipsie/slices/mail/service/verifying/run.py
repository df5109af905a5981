"""Verifies an archive: documents, then originals, then attachments. Nothing is ever deleted."""

from __future__ import annotations

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.mail.service.archive import RunCpu
from wipsie.slices.mail.service.verifying.documents import DocumentCheck
from wipsie.slices.mail.service.verifying.files import ATTACHMENTS, ORIGINALS, WHOLE_MAX, FileCheck
from wipsie.slices.mail.service.verifying.findings import Progress, VerifyReport
from wipsie.slices.mail.service.verifying.mending import AttachmentMender
from wipsie.slices.mail.service.work_folder import WorkFolder

SETTLE_S = 2.0
"""Between the document of a mail and its row in the index, when a worker is at it."""


class MailVerify:
    """Over one archive and its index, beside a running Wipsie or without one."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        *,
        work: WorkFolder,
        clock: Clock,
        run_cpu: RunCpu,
        settle_s: float = SETTLE_S,
        whole_max: int = WHOLE_MAX,
    ) -> None:
        """`settle_s`: a document without a row is looked for again after this time. `whole_max`: of more originals, or more
        attachments, a share at a time is held in memory."""
        self._database = database
        self._blobs = blobs
        self._work = work
        self._clock = clock
        self._mender = AttachmentMender(database, blobs, work=work, run_cpu=run_cpu)
        self._settle_s = settle_s
        self._whole_max = whole_max

    async def run(
        self, *, quick: bool = False, repair: bool = False, on_progress: Progress | None = None
    ) -> VerifyReport:
        """Compare everything. `quick`: keys and sizes alone. `repair`: index documents that are not, and take attachments that
        are gone or changed out of their originals again. StorageUnavailable."""
        report = VerifyReport()
        documents = DocumentCheck(
            self._database,
            self._blobs,
            report,
            clock=self._clock,
            quick=quick,
            repair=repair,
            settle_s=self._settle_s,
            on_progress=on_progress,
        )
        await documents.run()
        counts: list[int] = []
        for kind in (ORIGINALS, ATTACHMENTS):
            check = FileCheck(
                kind,
                self._database,
                self._blobs,
                report,
                work=self._work,
                quick=quick,
                mend=self._mender.mend if repair and kind is ATTACHMENTS else None,
                whole_max=self._whole_max,
                on_progress=on_progress,
            )
            counts.append(await check.run())
        report.originals, report.attachments = counts
        return report
