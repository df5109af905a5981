"""DeleteMessage and DeleteMessageBatch."""

from __future__ import annotations

from wipsie.kernel.errors import ReceiptExpired
from wipsie.queue.contract import Outcome, QueueSettings
from wipsie.sqs_endpoint.batch import batch_answer, check_entries, failed
from wipsie.sqs_endpoint.checks import required
from wipsie.sqs_endpoint.errors import SqsError, invalid, missing
from wipsie.sqs_endpoint.handles import read_handle
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output


class DeleteMessageInput(Input):
    """One delivery to acknowledge."""

    queue_url: str | None = None
    receipt_handle: str | None = None


class DeleteEntry(Input):
    """One of a batch."""

    id: str | None = None
    receipt_handle: str | None = None


class DeleteMessageBatchInput(Input):
    """Up to ten deliveries to acknowledge."""

    queue_url: str | None = None
    entries: list[DeleteEntry] | None = None


async def delete_message(call: Call, given: DeleteMessageInput) -> Output:
    """Acknowledge a delivery."""
    queue = await call.queues.of_url(given.queue_url)
    handle = required("ReceiptHandle", given.receipt_handle)
    receipt, _ = read_handle(handle)
    error = _refusal(queue, handle, (await call.engine.delete([(queue.name, receipt)]))[0])
    if error is not None:
        raise error
    return {}


async def delete_message_batch(call: Call, given: DeleteMessageBatchInput) -> Output:
    """Acknowledge up to ten deliveries, each for itself."""
    queue = await call.queues.of_url(given.queue_url)
    entries = given.entries or []
    check_entries(entries, "DeleteMessageBatchRequestEntry")
    for number, entry in enumerate(entries, 1):
        if not entry.receipt_handle:
            raise missing(f"DeleteMessageBatchRequestEntry.{number}.ReceiptHandle")
    receipts = [(queue.name, read_handle(entry.receipt_handle or "")[0]) for entry in entries]
    refusals = {
        entry.id or "": _refusal(queue, entry.receipt_handle or "", outcome)
        for entry, outcome in zip(entries, await call.engine.delete(receipts), strict=True)
    }
    return batch_answer(
        [{"Id": entry_id} for entry_id, error in refusals.items() if error is None],
        [failed(entry_id, error) for entry_id, error in refusals.items() if error is not None],
    )


def _refusal(queue: QueueSettings, receipt: str, outcome: Outcome) -> Exception | None:
    """Deleting again, or too late, is no error on a standard queue: clients repeat what they got no answer to."""
    if not isinstance(outcome, ReceiptExpired):
        return outcome
    return _expired(receipt) if queue.fifo else None


def _expired(receipt: str) -> SqsError:
    return invalid("ReceiptHandle", receipt, "The receipt handle has expired.")


DELETE_MESSAGE = Operation("DeleteMessage", DeleteMessageInput, delete_message, has_result=False)
DELETE_MESSAGE_BATCH = Operation("DeleteMessageBatch", DeleteMessageBatchInput, delete_message_batch)
