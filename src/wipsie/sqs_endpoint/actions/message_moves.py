"""StartMessageMoveTask, CancelMessageMoveTask and ListMessageMoveTasks."""

from __future__ import annotations

from typing import Any

from wipsie.kernel.errors import QueueNotFound
from wipsie.kernel.ids import new_uuid
from wipsie.queue.contract import QueueSettings
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.caller import queue_of_arn
from wipsie.sqs_endpoint.checks import check_number, required
from wipsie.sqs_endpoint.errors import RESOURCE_NOT_FOUND, SqsError, invalid
from wipsie.sqs_endpoint.moves.store import KEPT_PER_QUEUE
from wipsie.sqs_endpoint.moves.task import MoveStatus, MoveTask, read_handle
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output


class StartInput(Input):
    """From where to where, and how fast."""

    source_arn: str | None = None
    destination_arn: str | None = None
    max_number_of_messages_per_second: int | None = None


class CancelInput(Input):
    """Which task."""

    task_handle: str | None = None


class ListInput(Input):
    """Whose tasks."""

    source_arn: str | None = None
    max_results: int | None = None


async def start_message_move_task(call: Call, given: StartInput) -> Output:
    """Begin to move the messages of a dead-letter queue, each to where it came from or all to one queue."""
    source_arn = required("SourceArn", given.source_arn)
    source = await _queue(call, "SourceArn", source_arn)
    rate_per_s = given.max_number_of_messages_per_second
    if rate_per_s is not None:
        check_number("MaxNumberOfMessagesPerSecond", rate_per_s, 1, sqs_limits.MOVES_PER_S_MAX)
    destination = None
    if given.destination_arn:
        destination = await _queue(call, "DestinationArn", given.destination_arn)
        if destination.name == source.name or destination.fifo != source.fifo:
            raise invalid("DestinationArn", given.destination_arn, "It has to be another queue of the same kind.")
    sources = [one.name for one in await call.engine.list_queues() if one.dead_letter_queue == source.name]
    for name in sources if destination is None else [destination.name]:
        call.access.check("SendMessage", name)
    if not sources:
        raise invalid("SourceArn", source_arn, "Source queue must be configured as a Dead Letter Queue.")
    task = MoveTask(
        task_id=new_uuid(),
        source=source.name,
        source_arn=source_arn,
        destination=None if destination is None else destination.name,
        destination_arn=given.destination_arn or None,
        rate_per_s=rate_per_s,
        to_move=(await call.engine.counts(source.name)).total,
        started_at_ms=call.engine.clock.now_ms(),
    )
    # Of two that come at one moment the database lets one win, whichever processes they came to.
    if not await call.means.moves.add(task):
        raise invalid(
            "SourceArn", source_arn, "There is already a task running for this queue; one is allowed at a time."
        )
    return {"TaskHandle": task.handle}


async def cancel_message_move_task(call: Call, given: CancelInput) -> Output:
    """Stop a task; what it moved stays moved."""
    text = required("TaskHandle", given.task_handle)
    handle = read_handle(text)
    if handle is None:
        raise invalid("TaskHandle", text, "It has to be the TaskHandle of a task that was started.")
    # The queue is what the rights of a key were asked for, and the word of whoever sent it: the task has to be one of it.
    moved = await call.means.moves.cancel(handle.task_id, queue_of_arn(handle.source_arn))
    if moved is None:
        raise SqsError(RESOURCE_NOT_FOUND, "Task does not exist.")
    return {"ApproximateNumberOfMessagesMoved": moved}


async def list_message_move_tasks(call: Call, given: ListInput) -> Output:
    """The last tasks of a queue, newest first."""
    source = await _queue(call, "SourceArn", required("SourceArn", given.source_arn))
    most = 1 if given.max_results is None else check_number("MaxResults", given.max_results, 1, KEPT_PER_QUEUE)
    shown = [_shown(task) for task in await call.means.moves.of(source.name, most)]
    return {"Results": shown} if shown else {}


async def _queue(call: Call, parameter: str, arn: str) -> QueueSettings:
    name = queue_of_arn(arn)
    if name is None:
        raise invalid(parameter, arn, "It has to be the ARN of a queue.")
    try:
        return await call.queues.named(name)
    except (QueueNotFound, SqsError):
        raise SqsError(
            RESOURCE_NOT_FOUND, f"The resource that you specified for the {parameter} parameter doesn't exist."
        ) from None


def _shown(task: MoveTask) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Status": task.status.value,
        "SourceArn": task.source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started_at_ms,
    }
    if task.status is MoveStatus.RUNNING:
        shown["TaskHandle"] = task.handle
    if task.destination_arn is not None:
        shown["DestinationArn"] = task.destination_arn
    if task.rate_per_s is not None:
        shown["MaxNumberOfMessagesPerSecond"] = task.rate_per_s
    if task.failure is not None:
        shown["FailureReason"] = task.failure
    return shown


START_MESSAGE_MOVE_TASK = Operation("StartMessageMoveTask", StartInput, start_message_move_task)
CANCEL_MESSAGE_MOVE_TASK = Operation("CancelMessageMoveTask", CancelInput, cancel_message_move_task)
LIST_MESSAGE_MOVE_TASKS = Operation("ListMessageMoveTasks", ListInput, list_message_move_tasks)
