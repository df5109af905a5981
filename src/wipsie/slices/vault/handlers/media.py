"""The handler of the queue of files: one file each."""

from __future__ import annotations

from typing import Any, Final

from wipsie.blobs.sealing import KeyHolder, SealBroken
from wipsie.kernel.errors import Unavailable
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.jobs import FETCH, MEDIA_QUEUE, FetchJob
from wipsie.slices.vault.service.fetching.fetching import FileFetcher
from wipsie.slices.vault.service.fetching.outcomes import Later
from wipsie.slices.vault.service.passwords import open_password
from wipsie.workers.handler import HandlerSpec, Reject, Retry, TaskContext
from wipsie.workers.retry_policy import RetryPolicy

PAUSE_S: Final = 10.0
"""While a store or the key is away."""
TRIES_MAX: Final = 4
"""Runs of a job that fail for reasons nobody foresaw; then the file is refused, and somebody may look at the log."""
KILLS_MAX: Final = 20
"""Runs that did not come to their end: a worker that dies takes all with it that it was at, and most of them are innocent."""
RETRY: Final = RetryPolicy(delays_s=(5.0, 30.0, 120.0))
TIMEOUT_S: Final = 600.0
"""A slow download, a scan and OCR."""


class MediaHandlers:
    """One per process."""

    def __init__(self, fetcher: FileFetcher, keys: KeyHolder) -> None:
        self._fetcher = fetcher
        self._keys = keys

    def specs(self) -> list[HandlerSpec]:
        """To be registered."""
        return [
            HandlerSpec(
                task_type=FETCH,
                queue=MEDIA_QUEUE,
                function=self.fetch_file,
                data_type=FetchJob,
                timeout_s=TIMEOUT_S,
                retry=RETRY,
                concurrency_key=_file,
            )
        ]

    async def fetch_file(self, message: StandardMessage[FetchJob], context: TaskContext) -> dict[str, Any]:
        """Fetch and check a file. What it waits for is in its row, and the upkeep makes the job anew should it be given up."""
        job = message.data
        try:
            if context.attempt > KILLS_MAX:
                # It never came to its end: whatever it does to a worker, it is not done again.
                return {"outcome": await self._fetcher.give_up(job.file, "KILLED_ITS_WORKER")}
            return {"outcome": await self._fetch(job, message.id, context.attempt)}
        except Later as later:
            raise Retry(later.reason, after_s=later.after_s, counted=False) from later
        except SealBroken as error:
            raise Reject(error.message, code=error.code) from error
        except Unavailable as error:
            raise Retry(error.code, after_s=error.retry_after_s or PAUSE_S, counted=False) from error

    async def _fetch(self, job: FetchJob, job_id: str, attempt: int) -> str:
        password = None
        if job.password is not None:
            password = open_password(await self._keys.ring(), job.file, job.password)
        try:
            return await self._fetcher.fetch(job.file, job_id=job_id, password=password)
        except (Later, Unavailable):
            raise
        except Exception as error:
            if attempt < TRIES_MAX:
                raise
            return await self._fetcher.give_up(job.file, type(error).__name__)


def _file(message: StandardMessage[FetchJob]) -> str:
    return message.data.file
