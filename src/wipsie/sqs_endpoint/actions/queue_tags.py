"""TagQueue, UntagQueue and ListQueueTags."""

from __future__ import annotations

import msgspec

from wipsie.queue.contract import QueueSettings
from wipsie.sqs_endpoint.errors import missing
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output
from wipsie.sqs_endpoint.queue_tags import check_tags


class TagQueueInput(Input):
    """Tags to add."""

    queue_url: str | None = None
    tags: dict[str, str] | None = None


class UntagQueueInput(Input):
    """Tags to take away."""

    queue_url: str | None = None
    tag_keys: list[str] | None = None


class ListQueueTagsInput(Input):
    """Whose tags."""

    queue_url: str | None = None


async def tag_queue(call: Call, given: TagQueueInput) -> Output:
    """Add tags; a key that is there gets the new value."""
    queue = await call.queues.of_url(given.queue_url)
    if not given.tags:
        raise missing("Tags")
    queue = await call.queues.look(queue.name)
    tags = {**queue.tags, **given.tags}
    check_tags(tags)
    await _change(call, queue, tags)
    return {}


async def untag_queue(call: Call, given: UntagQueueInput) -> Output:
    """Take tags away; keys that are not there are no error."""
    queue = await call.queues.of_url(given.queue_url)
    if not given.tag_keys:
        raise missing("TagKeys")
    queue = await call.queues.look(queue.name)
    await _change(call, queue, {key: value for key, value in queue.tags.items() if key not in given.tag_keys})
    return {}


async def list_queue_tags(call: Call, given: ListQueueTagsInput) -> Output:
    """All tags of a queue."""
    queue = await call.queues.of_url(given.queue_url)
    queue = await call.queues.look(queue.name)
    return {"Tags": queue.tags} if queue.tags else {}


async def _change(call: Call, queue: QueueSettings, tags: dict[str, str]) -> None:
    call.queues.forget(queue.name)
    await call.engine.change_queue(msgspec.structs.replace(queue, tags=tags))
    call.queues.forget(queue.name)


TAG_QUEUE = Operation("TagQueue", TagQueueInput, tag_queue, has_result=False)
UNTAG_QUEUE = Operation("UntagQueue", UntagQueueInput, untag_queue, has_result=False)
LIST_QUEUE_TAGS = Operation("ListQueueTags", ListQueueTagsInput, list_queue_tags)
