"""The queue edge of daily summaries: a message on a schedule makes the summary of its own time.

message of 9:00 ──► windows that end then, and those missed before ──► a row for each ──► mail for the last
    killed anywhere: the message comes back, finds the rows that are there, and goes on
    again after it was handled, or by two workers at once: the row is there, it was sent, nothing happens
"""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.queue.contract import Delivery
from wipsie.queue.message import StandardMessage
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.slices.asyncops.service.summaries.times import SummarySettings
from wipsie.slices.asyncops.service.summaries.use_cases import SYSTEM, SummaryService
from wipsie.workers.handler import HandlerSpec, Reject, TaskContext
from wipsie.workers.schedules import ScheduleSpec

TASK_TYPE = "daily_summary"
NAME = "asyncops.daily_summary"
SCHEDULE_NAME = "daily-summary"


class DailySummaryData(msgspec.Struct, frozen=True):
    """The message says nothing: what it is about is the time it was scheduled for."""


class SummaryHandler:
    """`daily_summary`."""

    def __init__(self, service: SummaryService) -> None:
        self._service = service

    async def make_daily_summary(
        self, message: StandardMessage[DailySummaryData], context: TaskContext
    ) -> dict[str, Any]:
        """Make what is due, each window in a commit of its own; the last one together with its mail and the mark that this
        message is handled."""
        del message
        service, delivery = self._service, context.delivery
        *missed, latest = await service.due(_scheduled_ms(delivery), delivery.sent_at_ms)
        made: list[str] = []
        for window in missed:
            if await service.first(window) is None:
                draft = await service.draft(window)
                async with context.unit_of_work() as unit:
                    made.append((await service.keep_first(unit, draft)).id)
        draft = await service.first(latest) or await service.draft(latest)
        letters = await service.letters(draft) if service.is_latest(latest) else None
        async with context.unit_of_work() as unit:
            if not await unit.mark_handled(delivery.message_id, NAME):
                return {"status": "handled before"}
            summary = await service.keep_first(unit, draft)
            if letters is not None:
                # Somebody was faster with another one of the same window: theirs is sent.
                summary = await service.send(unit, SYSTEM, summary, letters if summary.id == draft.id else None)
        made.append(summary.id)
        return {"status": "made", "summaries": made, "sent_to": summary.sent_to}


def summary_handler(service: SummaryService) -> HandlerSpec:
    """The handler of the message."""
    return HandlerSpec(
        task_type=TASK_TYPE,
        queue=OPERATIONS_QUEUE,
        function=SummaryHandler(service).make_daily_summary,
        data_type=DailySummaryData,
        timeout_s=280.0,
    )


def summary_schedule(settings: SummarySettings) -> ScheduleSpec:
    """When the message is sent."""
    return ScheduleSpec(
        name=SCHEDULE_NAME,
        queue=OPERATIONS_QUEUE,
        message={"task_type": TASK_TYPE, "message": "Make the summary of the day.", "data": {}},
        cron=settings.cron,
        timezone=settings.timezone,
    )


def _scheduled_ms(delivery: Delivery) -> int:
    """The time a message was scheduled for; for one that somebody sent by hand, the time it was sent."""
    attribute = delivery.attributes.get("scheduled_at_ms")
    if attribute is None:
        return delivery.sent_at_ms
    if not attribute.value.isdecimal() or len(attribute.value) > 15:
        raise Reject("The attribute scheduled_at_ms is no time in milliseconds.", code="BAD_SCHEDULED_AT")
    return int(attribute.value)
