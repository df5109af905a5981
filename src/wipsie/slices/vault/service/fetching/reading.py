"""What a file says: text and suggestions for its card, and a small picture. Nothing here is a reason to refuse it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.kernel.clock import Clock, utc_datetime
from wipsie.slices.vault.domain.file_reading import FileReading
from wipsie.slices.vault.domain.files import FileAccepted, FileKind, FileLimits
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.places import utc_offset_min_of
from wipsie.slices.vault.domain.reading import Reading, suggest
from wipsie.slices.vault.gateways.report_reader import read_report
from wipsie.slices.vault.gateways.thumbnails import thumbnail
from wipsie.slices.vault.service.conversing.hospitals import known_hospitals
from wipsie.slices.vault.service.fetching.outcomes import suggestions_of
from wipsie.slices.vault.store.identities import Identity
from wipsie.telemetry.logging import get_logger
from wipsie.workers.cpu_pool import CpuTaskCrashed

BUDGET_S: Final = 20.0
READ_S_MAX: Final = 30.0
THUMBNAIL_S_MAX: Final = 20.0
PAGES_MAX: Final = 3
"""Before the card."""
THUMBNAIL_TYPE: Final = "image/jpeg"

RunCpu = Callable[..., Awaitable[Any]]
"""`CpuPool.run`."""
_FAILURES: Final = (CpuTaskCrashed, TimeoutError, MemoryError)

_log = get_logger(__name__)


class FileReader:
    """One per process."""

    def __init__(self, database: Database, clock: Clock, run_cpu: RunCpu, limits: FileLimits) -> None:
        self._database = database
        self._clock = clock
        self._run_cpu = run_cpu
        self._limits = limits

    async def read(
        self, ring: KeyRing, path: Path, accepted: FileAccepted, identity: Identity, password: str | None
    ) -> FileReading:
        """The text of the first pages, and what follows from it for this owner."""
        country = (identity.details.user_id or "").partition(".")[0]
        languages: tuple[Language, ...] = tuple(dict.fromkeys((identity.language, "en")))
        reading = Reading()
        try:
            reading = await self._run_cpu(
                read_report,
                path,
                accepted.kind,
                password,
                BUDGET_S,
                languages,
                0,
                PAGES_MAX,
                self._limits,
                timeout_s=READ_S_MAX,
            )
        except _FAILURES as error:
            # Without suggestions it is asked for everything.
            _log.warning("vault_file_not_read", error=type(error).__name__)
        if reading.note:
            _log.info("vault_reading_note", note=reading.note)
        async with self._database.read() as connection:
            hospitals = await known_hospitals(connection, ring, identity.id)
        today = (utc_datetime(self._clock.now_ms()) + timedelta(minutes=utc_offset_min_of(country))).date()
        return FileReading(
            text=reading.text,
            pages=accepted.pages,
            pages_read=reading.pages_read,
            flags=accepted.flags,
            is_encrypted=accepted.is_encrypted,
            suggestions=suggestions_of(suggest(reading, hospitals, country or None, today=today)),
        )

    async def read_on(
        self, path: Path, kind: FileKind, language: Language, *, first_page: int, pages_max: int
    ) -> Reading | None:
        """The text of further pages, from `first_page` (from 0) on; None when they cannot be read."""
        languages: tuple[Language, ...] = tuple(dict.fromkeys((language, "en")))
        try:
            return await self._run_cpu(
                read_report,
                path,
                kind,
                None,
                BUDGET_S,
                languages,
                first_page,
                pages_max,
                self._limits,
                timeout_s=READ_S_MAX,
            )
        except _FAILURES as error:
            _log.warning("vault_file_not_read_on", error=type(error).__name__)
            return None

    async def picture(self, path: Path, accepted: FileAccepted, password: str | None) -> bytes | None:
        """Of its first page, as `THUMBNAIL_TYPE`; None when there is none to be had."""
        try:
            return await self._run_cpu(
                thumbnail, path, accepted.kind, password, self._limits, timeout_s=THUMBNAIL_S_MAX
            )
        except _FAILURES:
            return None
