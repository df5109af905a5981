"""The handler that makes archives. Whatever keeps it from that, who waits for one is told."""

from __future__ import annotations

from typing import Any, Final

from wipsie.kernel.errors import Conflict, Unavailable, WipsieError
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.jobs import EXPORT, MEDIA_QUEUE, ExportJob
from wipsie.slices.vault.service.export_failures import ExportFailures
from wipsie.slices.vault.service.keeping.exporting import Exporter, ExportWithheld
from wipsie.telemetry.logging import get_logger
from wipsie.workers.handler import HandlerSpec, Reject, Retry, TaskContext
from wipsie.workers.retry_policy import RetryPolicy

TIMEOUT_S: Final = 3_600.0
"""For the largest there are: what one owner may keep, read once and written once."""
RETRY: Final = RetryPolicy(delays_s=(30.0, 120.0, 600.0))
TRIES_MAX: Final = len(RETRY.delays_s) + 1
RECEIVES_MAX: Final = 7
"""Fewer than the queue gives a job, which would tell nobody: most of these ended with their worker, of which no try is recorded."""
KILLED: Final = "KILLED_ITS_WORKER"

_log = get_logger(__name__)


class ExportHandler:
    """One per process."""

    def __init__(self, exporter: Exporter, failures: ExportFailures) -> None:
        self._exporter = exporter
        self._failures = failures

    def specs(self) -> list[HandlerSpec]:
        """To be registered."""
        return [
            HandlerSpec(
                task_type=EXPORT,
                queue=MEDIA_QUEUE,
                function=self.make_vault_export,
                data_type=ExportJob,
                timeout_s=TIMEOUT_S,
                retry=RETRY,
                concurrency=1,
                concurrency_key=_owner,
            )
        ]

    async def make_vault_export(self, message: StandardMessage[ExportJob], context: TaskContext) -> dict[str, Any]:
        """All that somebody has, in one archive."""
        job = message.data
        if context.delivery.receive_count > RECEIVES_MAX:
            await self._give_up(job, KILLED)
            raise Reject("This archive ended the workers that made it.", code=KILLED)
        try:
            ready = await self._exporter.build(job.owner, job.export)
        except ExportWithheld:
            await self._failures.give_up(job.owner, job.export, "WITHHELD")
            return {"outcome": "withheld"}
        except Exception as error:
            reason = error.code if isinstance(error, WipsieError) else type(error).__name__
            if context.attempt >= TRIES_MAX:
                # It is a dead letter as well, for whoever looks after the machine.
                await self._give_up(job, reason)
            if isinstance(error, Unavailable | Conflict):
                raise Retry(reason) from error
            raise
        if ready is None:
            return {"outcome": "nothing_to_do"}
        return {"outcome": "made", "reports": ready.reports, "files": ready.files, "missing": ready.missing}

    async def _give_up(self, job: ExportJob, reason: str) -> None:
        try:
            await self._failures.give_up(job.owner, job.export, reason)
        except Unavailable as error:
            # The cleaner tells them, once that can be done.
            _log.warning("vault_export_left_to_cleaner", owner=job.owner, reason=error.code)


def _owner(message: StandardMessage[ExportJob]) -> str:
    return message.data.owner
