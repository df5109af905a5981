"""All actions by name."""

from __future__ import annotations

from collections.abc import Mapping

from wipsie.sqs_endpoint.actions.change_message_visibility import (
    CHANGE_MESSAGE_VISIBILITY,
    CHANGE_MESSAGE_VISIBILITY_BATCH,
)
from wipsie.sqs_endpoint.actions.delete_message import DELETE_MESSAGE, DELETE_MESSAGE_BATCH
from wipsie.sqs_endpoint.actions.message_moves import (
    CANCEL_MESSAGE_MOVE_TASK,
    LIST_MESSAGE_MOVE_TASKS,
    START_MESSAGE_MOVE_TASK,
)
from wipsie.sqs_endpoint.actions.permissions import ADD_PERMISSION, REMOVE_PERMISSION
from wipsie.sqs_endpoint.actions.queue_attributes import GET_QUEUE_ATTRIBUTES, SET_QUEUE_ATTRIBUTES
from wipsie.sqs_endpoint.actions.queue_lifecycle import CREATE_QUEUE, DELETE_QUEUE, GET_QUEUE_URL, PURGE_QUEUE
from wipsie.sqs_endpoint.actions.queue_listing import LIST_DEAD_LETTER_SOURCE_QUEUES, LIST_QUEUES
from wipsie.sqs_endpoint.actions.queue_tags import LIST_QUEUE_TAGS, TAG_QUEUE, UNTAG_QUEUE
from wipsie.sqs_endpoint.actions.receive_message import RECEIVE_MESSAGE
from wipsie.sqs_endpoint.actions.send_message import SEND_MESSAGE, SEND_MESSAGE_BATCH
from wipsie.sqs_endpoint.errors import UNKNOWN_OPERATION, SqsError, shown
from wipsie.sqs_endpoint.operation import Operation

OPERATIONS: Mapping[str, Operation] = {
    one.name: one
    for one in (
        SEND_MESSAGE,
        SEND_MESSAGE_BATCH,
        RECEIVE_MESSAGE,
        DELETE_MESSAGE,
        DELETE_MESSAGE_BATCH,
        CHANGE_MESSAGE_VISIBILITY,
        CHANGE_MESSAGE_VISIBILITY_BATCH,
        CREATE_QUEUE,
        GET_QUEUE_URL,
        LIST_QUEUES,
        DELETE_QUEUE,
        GET_QUEUE_ATTRIBUTES,
        SET_QUEUE_ATTRIBUTES,
        PURGE_QUEUE,
        TAG_QUEUE,
        UNTAG_QUEUE,
        LIST_QUEUE_TAGS,
        LIST_DEAD_LETTER_SOURCE_QUEUES,
        ADD_PERMISSION,
        REMOVE_PERMISSION,
        START_MESSAGE_MOVE_TASK,
        CANCEL_MESSAGE_MOVE_TASK,
        LIST_MESSAGE_MOVE_TASKS,
    )
}


def find_operation(name: str) -> Operation:
    """The action of that name. SqsError when there is none."""
    operation = OPERATIONS.get(name)
    if operation is not None:
        return operation
    raise SqsError(UNKNOWN_OPERATION, f"The action {shown(name)} is not one of Amazon SQS.")
