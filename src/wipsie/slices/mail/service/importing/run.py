"""Imports mailboxes: a few mails at a time, each durable before it counts.

Nothing of the source is changed, and nothing is noted of how far an import came: a mail that is imported again meets itself in
the archive, so an import that was stopped is simply run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable, TooManyRequests
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.service.importing.candidates import MAIL_BYTES_MAX, Candidate, Candidates, Skipped
from wipsie.slices.mail.service.importing.takers import NotTaken, Take
from wipsie.slices.mail.service.work_folder import WorkFolder

SKIPPED_SHOWN_MAX = 1_000
AT_ONCE = 16
"""Mails under way: the queue and the disk take many in one step."""
FULL_S_MAX = 3_600.0
"""How long a full queue is waited for while not one mail gets through."""
AWAY_S_MAX = 60.0
"""How long a store that is away is waited for."""
_PAUSE_S_MIN, _PAUSE_S_MAX = 0.25, 15.0


class ImportReport(msgspec.Struct, kw_only=True):
    """What became of an import, so far."""

    found: int = 0
    taken: int = 0
    skipped: int = 0
    bytes: int = 0
    """Of the mails that were taken."""
    last: str = ""
    """Where the last mail was found."""
    is_waiting: bool = False
    """For room in the queue."""
    interrupted: bool = False
    skips: list[Skipped] = []
    """The first `SKIPPED_SHOWN_MAX`."""


Progress = Callable[[ImportReport], None]


class MailImport:
    """One import."""

    def __init__(
        self,
        take: Take,
        *,
        work: WorkFolder,
        clock: Clock,
        bytes_max: int = MAIL_BYTES_MAX,
        on_progress: Progress | None = None,
    ) -> None:
        """`bytes_max`: larger mails are passed over."""
        self._take = take
        self._work = work
        self._clock = clock
        self._bytes_max = bytes_max
        self._on_progress = on_progress
        self._report = ImportReport()
        self._candidates: Candidates | None = None
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End `run` after the mails under way, with `interrupted` in its report."""
        self._stopped.set()
        if self._candidates is not None:
            self._candidates.stop()

    async def run(self, paths: Sequence[Path]) -> ImportReport:
        """Take in everything that is found under the paths. TooManyRequests when the queue stays full; StorageUnavailable: what
        was taken until then is taken."""
        async with self._work.new() as folder:
            candidates = self._candidates = Candidates(
                paths, folder=folder, bytes_max=self._bytes_max, now_s=int(self._clock.now())
            )
            found = candidates.find()
            reading: asyncio.Future[list[Candidate | Skipped]] | None = None
            try:
                while not self._stopped.is_set():
                    reading = asyncio.ensure_future(asyncio.to_thread(_some, found))
                    some = await asyncio.shield(reading)
                    if not some:
                        break
                    await self._all_of(some)
            finally:
                candidates.stop()
                # A thread cannot be told to leave: it ends with the mail it reads.
                if reading is not None:
                    await asyncio.gather(reading, return_exceptions=True)
                await asyncio.to_thread(found.close)
        self._report.interrupted = self._stopped.is_set()
        return self._report

    async def _all_of(self, some: Sequence[Candidate | Skipped]) -> None:
        results = await asyncio.gather(*(self._one(one) for one in some), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _one(self, one: Candidate | Skipped) -> None:
        report = self._report
        if isinstance(one, Skipped):
            self._skip(one)
            return
        report.found += 1
        report.last = one.where
        envelope = Envelope(door="import", received_at_ms=one.received_at_s * 1000, reference=one.reference)
        try:
            if await self._patiently(one.content, envelope):
                report.taken += 1
                report.bytes += one.size
        except NotTaken as error:
            self._skip(Skipped(where=one.where, reason=str(error)))
        except OSError as error:
            # Of the file: gone or changed since it was found. The object store says StorageUnavailable.
            self._skip(Skipped(where=one.where, reason=f"it cannot be read: {error.strerror or type(error).__name__}"))
        finally:
            if one.is_ours and isinstance(one.content, Path):
                await asyncio.to_thread(one.content.unlink, missing_ok=True)
        self._tell()

    async def _patiently(self, content: bytes | Path, envelope: Envelope) -> bool:
        """False: there was no room before the import was to stop."""
        backoff = Backoff(_PAUSE_S_MIN, _PAUSE_S_MAX)
        began_s, taken = self._clock.monotonic(), self._report.taken
        while True:
            try:
                await self._take(content, envelope)
            except (TooManyRequests, StorageUnavailable) as error:
                now_s = self._clock.monotonic()
                if self._report.taken > taken:
                    began_s, taken = now_s, self._report.taken
                is_full = isinstance(error, TooManyRequests)
                if now_s - began_s > (FULL_S_MAX if is_full else AWAY_S_MAX):
                    raise
                self._report.is_waiting = is_full
                self._tell()
                if await self._stops_within(backoff.next_s()):
                    return False
            else:
                self._report.is_waiting = False
                return True

    async def _stops_within(self, seconds: float) -> bool:
        stopping = asyncio.ensure_future(self._stopped.wait())
        try:
            return await self._clock.wait(stopping, seconds)
        finally:
            stopping.cancel()

    def _skip(self, skipped: Skipped) -> None:
        self._report.skipped += 1
        if len(self._report.skips) < SKIPPED_SHOWN_MAX:
            self._report.skips.append(skipped)
        self._tell()

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._report)


def _some(found: Iterator[Candidate | Skipped]) -> list[Candidate | Skipped]:
    some: list[Candidate | Skipped] = []
    while len(some) < AT_ONCE and (one := next(found, None)) is not None:
        some.append(one)
    return some
