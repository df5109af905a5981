"""The handler that cleans, once a minute."""

from __future__ import annotations

from typing import Any, Final

from wipsie.kernel.errors import Unavailable
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.jobs import CLEAN, MESSAGES_QUEUE, CleanJob
from wipsie.slices.vault.service.cleaning import Cleaner
from wipsie.workers.handler import HandlerSpec, Retry, TaskContext
from wipsie.workers.schedules import ScheduleSpec

CLEAN_SCHEDULE: Final = ScheduleSpec(
    name="vault-clean",
    queue=MESSAGES_QUEUE,
    message={"task_type": CLEAN, "source": "vault", "data": {}},
    cron="* * * * *",
    catch_up="skip",
)


def cleaning_handler(cleaner: Cleaner) -> HandlerSpec:
    """To be registered."""

    async def clean_vault(message: StandardMessage[CleanJob], context: TaskContext) -> dict[str, Any]:
        """What got stuck goes on, what is over is erased."""
        del message, context
        try:
            return {**await cleaner.clean()}
        except Unavailable as error:
            raise Retry(error.code, after_s=30.0) from error

    return HandlerSpec(
        task_type=CLEAN,
        queue=MESSAGES_QUEUE,
        function=clean_vault,
        data_type=CleanJob,
        timeout_s=300.0,
        concurrency_key=lambda _: CLEAN,
    )
