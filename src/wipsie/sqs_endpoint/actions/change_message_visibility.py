"""ChangeMessageVisibility and ChangeMessageVisibilityBatch."""

from __future__ import annotations

from wipsie.kernel.errors import ReceiptExpired
from wipsie.queue.contract import Outcome, QueueSettings, VisibilityChange
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.batch import batch_answer, check_entries, failed
from wipsie.sqs_endpoint.checks import check_number, required
from wipsie.sqs_endpoint.errors import SqsError, invalid, missing
from wipsie.sqs_endpoint.handles import check_total_visibility, read_handle
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output


class ChangeMessageVisibilityInput(Input):
    """A new end for one lease."""

    queue_url: str | None = None
    receipt_handle: str | None = None
    visibility_timeout: int | None = None


class ChangeEntry(Input):
    """One of a batch."""

    id: str | None = None
    receipt_handle: str | None = None
    visibility_timeout: int | None = None


class ChangeMessageVisibilityBatchInput(Input):
    """New ends for up to ten leases."""

    queue_url: str | None = None
    entries: list[ChangeEntry] | None = None


async def change_message_visibility(call: Call, given: ChangeMessageVisibilityInput) -> Output:
    """Move the end of a lease, counted from now; 0 returns the message."""
    queue = await call.queues.of_url(given.queue_url)
    change = _read(call, queue, given)
    error = _refusal(change, (await call.engine.change_visibility([change]))[0])
    if error is not None:
        raise error
    return {}


async def change_message_visibility_batch(call: Call, given: ChangeMessageVisibilityBatchInput) -> Output:
    """Move the ends of up to ten leases, each for itself."""
    queue = await call.queues.of_url(given.queue_url)
    entries = given.entries or []
    check_entries(entries, "ChangeMessageVisibilityBatchRequestEntry")
    refusals: dict[str, Exception | None] = {}
    changes: dict[str, VisibilityChange] = {}
    for entry in entries:
        entry_id = entry.id or ""
        try:
            changes[entry_id] = _read(call, queue, entry)
        except SqsError as error:
            refusals[entry_id] = error
    outcomes = await call.engine.change_visibility(list(changes.values())) if changes else []
    for (entry_id, change), outcome in zip(changes.items(), outcomes, strict=True):
        refusals[entry_id] = _refusal(change, outcome)
    return batch_answer(
        [{"Id": entry_id} for entry_id, error in refusals.items() if error is None],
        [failed(entry_id, error) for entry_id, error in refusals.items() if error is not None],
    )


def _read(call: Call, queue: QueueSettings, given: ChangeMessageVisibilityInput | ChangeEntry) -> VisibilityChange:
    handle = required("ReceiptHandle", given.receipt_handle)
    if given.visibility_timeout is None:
        raise missing("VisibilityTimeout")
    timeout_s = check_number("VisibilityTimeout", given.visibility_timeout, 0, sqs_limits.VISIBILITY_TIMEOUT_S_MAX)
    receipt, received_at_ms = read_handle(handle)
    if call.means.strictness is not None:
        check_total_visibility(received_at_ms, timeout_s, call.engine.clock.now_ms())
    return VisibilityChange(queue.name, receipt, timeout_s)


def _refusal(change: VisibilityChange, outcome: Outcome) -> Exception | None:
    if not isinstance(outcome, ReceiptExpired):
        return outcome
    return invalid(
        "ReceiptHandle", change.receipt, "Message does not exist or is not available for visibility timeout change."
    )


CHANGE_MESSAGE_VISIBILITY = Operation(
    "ChangeMessageVisibility", ChangeMessageVisibilityInput, change_message_visibility, has_result=False
)
CHANGE_MESSAGE_VISIBILITY_BATCH = Operation(
    "ChangeMessageVisibilityBatch", ChangeMessageVisibilityBatchInput, change_message_visibility_batch
)
