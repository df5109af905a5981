"""The handler that makes archives."""

from __future__ import annotations

from typing import Any, Final

from wipsie.kernel.errors import Conflict, Unavailable
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.jobs import EXPORT, MEDIA_QUEUE, ExportJob
from wipsie.slices.vault.service.keeping.exporting import Exporter
from wipsie.workers.handler import HandlerSpec, Retry, TaskContext

TIMEOUT_S: Final = 3_600.0
"""For the largest there are: what one owner may keep, read once and written once."""
_PAUSE_S: Final = 30.0


def export_handler(exporter: Exporter) -> HandlerSpec:
    """To be registered."""

    async def make_vault_export(message: StandardMessage[ExportJob], context: TaskContext) -> dict[str, Any]:
        """All that somebody has, in one archive."""
        del context
        try:
            ready = await exporter.build(message.data.owner, message.data.export)
        except (Unavailable, Conflict) as error:
            raise Retry(error.code, after_s=_PAUSE_S) from error
        if ready is None:
            return {"outcome": "nothing_to_do"}
        return {"outcome": "made", "reports": ready.reports, "files": ready.files, "missing": ready.missing}

    return HandlerSpec(
        task_type=EXPORT,
        queue=MEDIA_QUEUE,
        function=make_vault_export,
        data_type=ExportJob,
        timeout_s=TIMEOUT_S,
        concurrency=1,
        concurrency_key=lambda message: message.data.owner,
    )
