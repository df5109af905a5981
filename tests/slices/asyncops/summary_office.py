"""What tests of daily summaries do in an office: let the schedule's message arrive, and look at what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from wipsie.kernel.ids import MessageId, QueueName, Receipt, new_message_id
from wipsie.queue.contract import Attribute, Delivery, Priority
from wipsie.queue.message import StandardMessage
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.slices.asyncops.handlers.summaries import TASK_TYPE, DailySummaryData
from wipsie.slices.asyncops.store.summaries import COLUMNS, SUMMARIES, DailySummary, daily_summaries_table
from wipsie.workers.handler import TaskContext, TaskServices

if TYPE_CHECKING:
    from wipsie.testing.office import Office

PATH = "/api/summaries"
# The clock of the office begins on Saturday, 4 October 2025, at 14:00 UTC.
MONDAY = "2025-10-06T09:00:00Z"
TUESDAY = "2025-10-07T09:00:00Z"


def ms(text: str) -> int:
    """A time in milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def go_to(office: Office, text: str, *, after_s: float = 5.0) -> None:
    """Let it be some seconds after a time."""
    office.clock.jump(ms(text) / 1000 + after_s - office.clock.now())


def message_of(scheduled_ms: int, *, sent_ms: int, attributes: dict[str, Attribute] | None = None) -> Delivery:
    """The schedule's message, as a worker gets it."""
    standard = {"scheduled_at_ms": Attribute(str(scheduled_ms), "Number")}
    return Delivery(
        queue=QueueName("wipsie-operations"),
        message_id=MessageId(new_message_id()),
        receipt=Receipt("receipt"),
        body="{}",
        attributes=standard if attributes is None else attributes,
        priority=Priority.MEDIUM,
        sequence_number=1,
        sent_at_ms=sent_ms,
        waiting_since_ms=sent_ms,
        received_at_ms=sent_ms,
        lease_until_ms=sent_ms + 30_000,
        receive_count=1,
        first_received_at_ms=sent_ms,
    )


async def handle(office: Office, delivery: Delivery) -> dict[str, Any]:
    """Give a message to the handler, as a worker would."""
    spec = office.parts.registry.find(OPERATIONS_QUEUE, TASK_TYPE)
    assert spec is not None
    message = StandardMessage(id=delivery.message_id, timestamp="", data=DailySummaryData())
    context = TaskContext(
        delivery=delivery,
        queue=OPERATIONS_QUEUE,
        attempt=1,
        worker="test",
        services=TaskServices(run_cpu=office.parts.cpu_pool.run, unit_of_work=office.parts.database.unit_of_work),
    )
    return await spec.function(message, context)


async def fire(office: Office, scheduled: str, *, sent: str | None = None) -> dict[str, Any]:
    """Let the message of a time arrive, sent at that time unless said otherwise."""
    return await handle(office, message_of(ms(scheduled), sent_ms=ms(sent or scheduled)))


async def kept(office: Office) -> list[DailySummary]:
    """All summaries there are, in the order of their windows and editions."""
    async with office.parts.database.read() as connection:
        wanted = select(daily_summaries_table).order_by(COLUMNS.window_end_ms, COLUMNS.edition)
        return [SUMMARIES.of_row(row) for row in (await connection.execute(wanted)).mappings()]


async def letters(office: Office) -> list[dict[str, Any]]:
    """The mail of summaries that waits to be sent."""
    return [
        message["data"]
        for message in await office.published()
        if message.get("task_type") == "notification" and message["data"]["subject"].startswith("Summary of ")
    ]
