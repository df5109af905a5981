"""One file, from the message that told of it to an outcome its owner hears of. Every step can be done again.

look-up ──► bytes, counted and hashed ──► what it is ──► sealed, staged ──► scanned ──► read ──► outcome, with the conversation
   │ away, refused: later                     │ refused: why                   │ scanner away: later, from the sealed bytes
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wipsie.blobs.sealing import KeyHolder, KeyRing, SealedStore
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.conversation.outcomes import Outcome, Ready, Refused
from wipsie.slices.vault.domain.files import FileAccepted, FileLimits, FileLocked, FileRefused, clean_file_name
from wipsie.slices.vault.gateways.clamav import ScanFailed, ScanInfected, Scanner
from wipsie.slices.vault.gateways.examining import examine
from wipsie.slices.vault.gateways.graph import GraphClient, GraphRefused, GraphUnreachable
from wipsie.slices.vault.metrics import VaultMetrics
from wipsie.slices.vault.service.conversing.conversing import Conversing
from wipsie.slices.vault.service.fetching.downloading import MediaDownloads
from wipsie.slices.vault.service.fetching.outcomes import Hopeless, Later
from wipsie.slices.vault.service.fetching.plain_files import PlainFile, PlainFiles
from wipsie.slices.vault.service.fetching.reading import THUMBNAIL_TYPE, FileReader, RunCpu
from wipsie.slices.vault.service.fetching.staging import Staging
from wipsie.slices.vault.service.fetching.telling import Telling
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.store.files import FileRow, file_of
from wipsie.slices.vault.store.identities import Identity, identity_of
from wipsie.telemetry.logging import get_logger
from wipsie.workers.cpu_pool import CpuTaskCrashed

SCAN_AGAIN_S: Final = 60.0
BUSY_AGAIN_S: Final = 30.0
LONG_WAIT_S: Final = 20.0
"""Shorter ones are nobody's concern: until then they are not told that it takes long either."""

_log = get_logger(__name__)


class FileFetcher:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        clock: Clock,
        graph: GraphClient,
        sealed: SealedStore,
        plain: PlainFiles,
        run_cpu: RunCpu,
        scanner: Scanner | None,
        room: ReadingRoom,
        conversing: Conversing,
        metrics: VaultMetrics,
        *,
        limits: FileLimits,
        delete_at_meta: bool,
    ) -> None:
        """`scanner`: None scans nothing, and every report says so."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._graph = graph
        self._plain = plain
        self._run_cpu = run_cpu
        self._scanner = scanner
        self._metrics = metrics
        self._limits = limits
        self._delete_at_meta = delete_at_meta
        self._downloads = MediaDownloads(database, clock, graph, bytes_max=limits.bytes_max)
        self._staging = Staging(database, sealed, clock)
        self._reader = FileReader(database, clock, run_cpu, limits)
        self._telling = Telling(conversing, room, clock)

    async def fetch(self, file_id: str, *, job_id: str, password: str | None = None) -> str:
        """Fetch and check a file that is to be fetched; what came of it in one word. `job_id`: the same at every run of a job.
        Later when it is to be tried again; its owner was told once by then. KeyMissing, StorageUnavailable."""
        ring = await self._keys.ring()
        file, identity = await self._found(ring, file_id)
        if file is None or identity is None:
            return "nothing_to_do"
        began_s = self._clock.monotonic()
        try:
            outcome = await self._look_at(ring, file, identity, password, job_id)
        except Hopeless as error:
            outcome = await self._telling.refused(file, error)
        except Later as error:
            until_ms = self._clock.now_ms() + round(error.after_s * 1000)
            await self._telling.waits(file, error.reason, until_ms=until_ms, is_long=error.after_s > LONG_WAIT_S)
            raise
        self._metrics.file_s.observe(self._clock.monotonic() - began_s)
        return await self._end(file, outcome)

    async def give_up(self, file_id: str, reason: str) -> str:
        """Refuse a file that cannot be looked at, whatever is wrong with it or with us: its owner is not kept waiting for ever.
        KeyMissing, StorageUnavailable."""
        file, _ = await self._found(await self._keys.ring(), file_id)
        if file is None:
            return "nothing_to_do"
        _log.error("vault_file_given_up", file=file_id, reason=reason)
        return await self._end(file, await self._telling.refused(file, Hopeless("unreadable")))

    async def _found(self, ring: KeyRing, file_id: str) -> tuple[FileRow | None, Identity | None]:
        async with self._database.read() as connection:
            file = await file_of(connection, ring, file_id)
            if file is None or file.state != "fetching":
                return None, None
            return file, await identity_of(connection, ring, file.owner)

    async def _end(self, file: FileRow, outcome: Outcome) -> str:
        name = str(type(outcome).__struct_config__.tag)
        self._metrics.files.labels(name).inc()
        if isinstance(outcome, Ready | Refused) and self._delete_at_meta:
            await self._forget_at_meta(file)
        return name

    async def _look_at(
        self, ring: KeyRing, file: FileRow, identity: Identity, password: str | None, job_id: str
    ) -> Outcome:
        async with self._plain.new() as plain:
            stored = await self._staging.original_of(file)
            if stored is None:
                sha256, size = await self._downloads.download(file, plain)
            else:
                sha256, size = await self._staging.open(stored, plain)
            verdict = await self._examine(file, plain, password)
            if stored is None:
                media_type = "application/pdf" if isinstance(verdict, FileLocked) else verdict.media_type
                await self._staging.keep(file, plain.path, "original", media_type)
            if isinstance(verdict, FileLocked):
                return await self._telling.locked(file, is_wrong_password=verdict.is_wrong_password, job_id=job_id)
            scan = await self._scan(plain.path)
            reading = await self._reader.read(ring, plain.path, verdict, identity, password)
            picture = await self._reader.picture(plain.path, verdict, password)
            if picture is not None:
                await self._staging.keep(file, picture, "thumbnail", THUMBNAIL_TYPE)
            return await self._telling.ready(file, verdict, reading, sha256=sha256, size=size, scan=scan)

    async def _examine(self, file: FileRow, plain: PlainFile, password: str | None) -> FileAccepted | FileLocked:
        name = file.details.file_name
        try:
            verdict = await examine(
                self._run_cpu,
                plain.path,
                declared_type=file.details.mime_type,
                name=None if name is None else clean_file_name(name),
                limits=self._limits,
                password=password,
            )
        except (CpuTaskCrashed, TimeoutError) as error:
            raise Later("machine_busy", after_s=BUSY_AGAIN_S) from error
        if isinstance(verdict, FileRefused):
            raise Hopeless(verdict.reason)
        return verdict

    async def _scan(self, path: Path) -> str:
        if self._scanner is None:
            return "not_scanned"
        result = await self._scanner.scan(path)
        if isinstance(result, ScanInfected):
            _log.error("vault_file_infected", name=result.name)
            raise Hopeless("infected", scan="infected")
        if isinstance(result, ScanFailed):
            # Not clean: it stays where it is until somebody can tell.
            _log.warning("vault_scanner_away", reason=result.reason)
            raise Later("scanner_away", after_s=SCAN_AGAIN_S)
        return "clean"

    async def _forget_at_meta(self, file: FileRow) -> None:
        try:
            await self._graph.delete_media(file.details.media_id, phone_number_id=file.phone_number_id)
        except (GraphRefused, GraphUnreachable):
            # Best effort: it is gone there within a week anyway.
            return
