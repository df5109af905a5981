"""The desk where commands import, verify, index and export mail: just what each of them needs, beside a running Wipsie or
without one."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from wipsie.app.objects import build_blobs, build_bucket, build_mail_blobs
from wipsie.app.opened_database import opened_database
from wipsie.app.opened_queues import opened_queues
from wipsie.app.parts.mail import mail_archive_settings
from wipsie.app.settings import Settings
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent, Fact
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import QueueNotFound, StorageUnavailable
from wipsie.kernel.ids import ObjectId
from wipsie.queue.engine import QueueEngine
from wipsie.slices.mail.archiving import build_archiving
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.erasing import ROWS_MAX as ERASED_AT_ONCE
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.service.exporting import Exported, export_mbox, export_parquet
from wipsie.slices.mail.service.exporting.new_file import new_file
from wipsie.slices.mail.service.importing import IntoArchive, IntoQueue, MailImport
from wipsie.slices.mail.service.importing.run import Progress
from wipsie.slices.mail.service.intake import MAIL_QUEUE, MailIntake
from wipsie.slices.mail.service.reindexing import MailReindex
from wipsie.slices.mail.service.verifying import MailVerify
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store.addresses import check_address
from wipsie.slices.mail.store.portions import portions
from wipsie.slices.mail.store.reading import mails_of
from wipsie.slices.mail.store.selection import SelectedMail, Selection, select_mails
from wipsie.telemetry.metrics import Metrics
from wipsie.workers.cpu_pool import CpuPool

_WORK_S_MAX = 86_400.0
"""What lies longer in the work folder was left by a command that was killed."""


class MailDesk(msgspec.Struct, frozen=True, kw_only=True):
    """The archive and its index, open."""

    settings: Settings
    clock: Clock
    database: Database
    blobs: BlobStore
    """Of the archive."""
    work: WorkFolder
    pool: CpuPool

    async def record(self, verb: str, **facts: Fact) -> None:
        """Have the audit log know what a command is about to do with the archive."""
        async with self.database.unit_of_work() as unit:
            unit.record(
                AuditEvent(actor="cli", action=f"mail:archive:{verb}", object="mail:archive", facts=facts),
            )

    def verifier(self) -> MailVerify:
        """Compares the archive with its index."""
        return MailVerify(self.database, self.blobs, work=self.work, clock=self.clock, run_cpu=self.pool.run)

    def reindexer(self) -> MailReindex:
        """Builds the index from the archive."""
        return MailReindex(self.database, self.blobs)

    @asynccontextmanager
    async def opened_import(self, on_progress: Progress | None, *, archive: bool) -> AsyncGenerator[MailImport]:
        """An import onto the queue, or, with `archive`, into the archive at once."""
        if archive:
            # Rules act on what is new, as they do in a worker; what they send is in the outbox until Wipsie runs.
            archiving = build_archiving(
                mail_archive_settings(self.settings),
                database=self.database,
                blobs=self.blobs,
                work=self.work,
                open_bucket=lambda name: build_bucket(self.settings, name),
                clock=self.clock,
                metrics=MailMetrics(Metrics()),
            )
            take = IntoArchive(archiving.archive, self.blobs, self.pool.run)
            try:
                yield MailImport(take, work=self.work, clock=self.clock, on_progress=on_progress)
            finally:
                await archiving.writer.stop()
            return
        async with opened_queues(self.settings, self.clock) as engine:
            await _declare_queue(self.settings, self.clock, engine)
            intake = IntoQueue(MailIntake(engine, self.blobs))
            yield MailImport(intake, work=self.work, clock=self.clock, on_progress=on_progress)

    async def erase(self, address: str, *, dry_run: bool) -> tuple[int, int]:
        """Erase the mails from and to an address, but for those that are held; (how many went, how many are held). InvalidInput
        for what is no address; StorageUnavailable once all are out of the index: what is left of their objects goes with the
        upkeep then."""
        wanted = check_address(address, "ADDRESS")
        eraser = MailEraser(self.database, self.blobs, self.clock, Retention())
        async with self.database.read() as connection:
            free, held = await mails_of(connection, wanted)
        if dry_run:
            return len(free), len(held)
        await self.record("erase", count=len(free))
        erased: list[ObjectId] = []
        for numbers in portions(free, ERASED_AT_ONCE):
            async with self.database.begin() as connection:
                erased += [one.id for one in await eraser.erase_rows(connection, numbers)]
        failure = (await eraser.carry_out_all(erased)).failure
        if failure is not None:
            raise StorageUnavailable(
                f"All {len(erased)} mails are out of the index; what is left of them in the object store is removed within an "
                f"hour of its return, where Wipsie runs. {failure.message}",
                details=failure.details,
                retry_after_s=failure.retry_after_s,
            ) from failure
        return len(erased), len(held)

    async def export(self, path: Path, selection: Selection, *, as_table: bool, report: Exported) -> None:
        """Write the selected mails into a file, which is there whole or not at all. `report` grows as the work goes on.
        OSError of the file; StorageUnavailable."""

        def rows() -> AsyncGenerator[SelectedMail]:
            return select_mails(self.database, selection)

        async with new_file(path) as fresh:
            if as_table:
                await export_parquet(rows, fresh, blobs=self.blobs, report=report)
                return
            with fresh.open("wb") as file:

                async def write(chunk: bytes) -> None:
                    file.write(chunk)

                await export_mbox(rows(), write, blobs=self.blobs, work=self.work, report=report)


@asynccontextmanager
async def opened_mail_desk(settings: Settings, clock: Clock) -> AsyncGenerator[MailDesk]:
    """The archive of this data folder. ConfigurationError; StorageUnavailable."""
    work = WorkFolder(settings.data_dir / "work" / "mail-commands")
    # By the clock that dates the files, whatever time others are told.
    work.open(older_than_s=_WORK_S_MAX, now_s=SystemClock().now())
    pool = CpuPool(clock=clock, processes_max=settings.worker.cpu_processes or os.cpu_count() or 1)
    async with opened_database(settings, clock) as database:
        try:
            yield MailDesk(
                settings=settings,
                clock=clock,
                database=database,
                blobs=build_mail_blobs(settings, build_blobs(settings)),
                work=work,
                pool=pool,
            )
        finally:
            await pool.stop()


async def _declare_queue(settings: Settings, clock: Clock, engine: QueueEngine) -> None:
    """Where Wipsie did not run since it has mail, nobody made its queue yet."""
    try:
        engine.resolve(MAIL_QUEUE)
    except QueueNotFound:
        from wipsie.app.parts import build_parts

        slices = build_parts(settings, clock).all_slices
        await engine.declare([queue for one in slices if one.name == "mail" for queue in one.queues])
