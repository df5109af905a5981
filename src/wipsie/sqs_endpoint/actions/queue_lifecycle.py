"""CreateQueue, GetQueueUrl, DeleteQueue and PurgeQueue."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec

from wipsie.kernel.errors import QueueExists, QueueNotFound, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueSettings
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.checks import check_queue_name, required
from wipsie.sqs_endpoint.dead_letter_target import check_dead_letter_target
from wipsie.sqs_endpoint.errors import INVALID_ATTRIBUTE_VALUE, QUEUE_NAME_EXISTS, UNSUPPORTED, SqsError
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output
from wipsie.sqs_endpoint.queue_attributes import CREATED, MODIFIED, apply_attributes, difference
from wipsie.sqs_endpoint.queue_tags import check_tags
from wipsie.sqs_endpoint.strictness import begin_purge, check_name, note_delete, purge_failed


class CreateQueueInput(Input):
    """A name, and what differs from the defaults."""

    queue_name: str | None = None
    attributes: dict[str, str] | None = None
    tags: dict[str, str] | None = msgspec.field(default=None, name="tags")


class QueueNameInput(Input):
    """A queue by name."""

    queue_name: str | None = None
    queue_owner_aws_account_id: str | None = msgspec.field(default=None, name="QueueOwnerAWSAccountId")


class QueueInput(Input):
    """A queue by URL."""

    queue_url: str | None = None


async def create_queue(call: Call, given: CreateQueueInput) -> Output:
    """Make a queue; one that is there with the given attributes is fine too."""
    name = required("QueueName", given.queue_name)
    check_queue_name(name)
    attributes = given.attributes or {}
    wanted = _wanted(QueueName(name), attributes)
    check_tags(given.tags or {})
    await check_dead_letter_target(call.queues, wanted, call.access)
    try:
        existing = await call.queues.look(wanted.name)
    except QueueNotFound:
        if call.means.strictness is not None:
            await check_name(call.means.shared, call.means.strictness, wanted.name)
        settings = wanted
        if call.engine.capabilities.protocol_attributes:
            now = str(call.engine.clock.now_ms() // 1000)
            kept = {**wanted.protocol_attributes, CREATED: now, MODIFIED: now}
            settings = msgspec.structs.replace(wanted, protocol_attributes=kept)
        try:
            await call.engine.create_queue(msgspec.structs.replace(settings, tags=given.tags or {}))
        except QueueExists:
            # Somebody else made it in between.
            existing = await call.queues.look(wanted.name)
        else:
            return {"QueueUrl": call.caller.queue_url(name)}
    differs = difference(attributes, wanted, existing, call.caller)
    if differs is not None:
        raise SqsError(
            QUEUE_NAME_EXISTS,
            f"A queue already exists with the same name and a different value for attribute {differs}",
        )
    return {"QueueUrl": call.caller.queue_url(name)}


def _wanted(name: QueueName, attributes: Mapping[str, str]) -> QueueSettings:
    is_fifo = attributes.get("FifoQueue", "").lower() == "true"
    if is_fifo != name.endswith(".fifo"):
        raise SqsError(
            INVALID_ATTRIBUTE_VALUE,
            "FifoQueue has to be true for a queue whose name ends with .fifo, and cannot be given for any other.",
        )
    base = QueueSettings(name=name, fifo=is_fifo, retention_s=sqs_limits.RETENTION_S)
    return apply_attributes(base, attributes)


async def get_queue_url(call: Call, given: QueueNameInput) -> Output:
    """The URL of a queue."""
    queue = await call.queues.named(QueueName(required("QueueName", given.queue_name)))
    return {"QueueUrl": call.caller.queue_url(queue.name)}


async def delete_queue(call: Call, given: QueueInput) -> Output:
    """Remove a queue with all its messages; not one of Wipsie's own. Its name may be used again at once, unless we are strict."""
    queue = await call.queues.of_url(given.queue_url)
    if call.engine.is_own(queue.name):
        raise SqsError(
            UNSUPPORTED,
            f"{queue.name} is one of Wipsie's own queues: it would come back empty at the next start. PurgeQueue empties it.",
        )
    call.queues.forget(queue.name)
    if call.means.strictness is not None:
        # Before the queue is gone: a name nobody noted could be used at once.
        await note_delete(call.means.shared, call.means.strictness, queue.name)
    await call.engine.delete_queue(queue.name)
    return {}


async def purge_queue(call: Call, given: QueueInput) -> Output:
    """Remove all messages, as often as one likes, unless we are strict."""
    queue = await call.queues.of_url(given.queue_url)
    shared, strictness = call.means.shared, call.means.strictness
    if strictness is None:
        await call.engine.purge(queue.name)
        return {}
    await begin_purge(shared, strictness, queue.name)
    try:
        await call.engine.purge(queue.name)
    except BaseException:
        with contextlib.suppress(WipsieError):
            await purge_failed(shared, queue.name)
        raise
    return {}


CREATE_QUEUE = Operation("CreateQueue", CreateQueueInput, create_queue)
GET_QUEUE_URL = Operation("GetQueueUrl", QueueNameInput, get_queue_url)
DELETE_QUEUE = Operation("DeleteQueue", QueueInput, delete_queue, has_result=False)
PURGE_QUEUE = Operation("PurgeQueue", QueueInput, purge_queue, has_result=False)
