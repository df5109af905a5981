"""The handler that reads the pages of saved reports which their cards did not need."""

from __future__ import annotations

from typing import Any, Final

from wipsie.kernel.errors import Unavailable
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.jobs import MEDIA_QUEUE, READ_ON, ReadOnJob
from wipsie.slices.vault.service.fetching.reading_on import ReadingOn
from wipsie.workers.handler import HandlerSpec, Retry, TaskContext

TIMEOUT_S: Final = 900.0
_PAUSE_S: Final = 60.0


def reading_on_handler(reading_on: ReadingOn) -> HandlerSpec:
    """To be registered."""

    async def read_vault_file_on(message: StandardMessage[ReadOnJob], context: TaskContext) -> dict[str, Any]:
        """Read what is left of a saved file."""
        del context
        try:
            return {"pages": await reading_on.read_on(message.data.file)}
        except Unavailable as error:
            raise Retry(error.code, after_s=_PAUSE_S) from error

    return HandlerSpec(
        task_type=READ_ON,
        queue=MEDIA_QUEUE,
        function=read_vault_file_on,
        data_type=ReadOnJob,
        timeout_s=TIMEOUT_S,
        # Whoever waits for a card goes first.
        concurrency=1,
        concurrency_key=lambda message: message.data.file,
    )
