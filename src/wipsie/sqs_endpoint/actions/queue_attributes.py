"""GetQueueAttributes and SetQueueAttributes."""

from __future__ import annotations

import msgspec

from wipsie.sqs_endpoint.checks import none_if_empty
from wipsie.sqs_endpoint.dead_letter_target import check_dead_letter_target
from wipsie.sqs_endpoint.errors import INVALID_ATTRIBUTE_NAME, SqsError, missing, shown
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output
from wipsie.sqs_endpoint.queue_attributes import COUNTS, MODIFIED, READABLE, apply_attributes, told_attributes


class GetQueueAttributesInput(Input):
    """Which attributes of a queue."""

    queue_url: str | None = None
    attribute_names: list[str] | None = None


class SetQueueAttributesInput(Input):
    """New values for some attributes of a queue."""

    queue_url: str | None = None
    attributes: dict[str, str] | None = None


async def get_queue_attributes(call: Call, given: GetQueueAttributesInput) -> Output:
    """The attributes that were asked for; none without names."""
    queue = await call.queues.of_url(given.queue_url)
    names = set(none_if_empty(given.attribute_names))
    if any(name.lower() == "all" for name in names):
        names = set(READABLE)
    for name in names - READABLE:
        raise SqsError(INVALID_ATTRIBUTE_NAME, f"Unknown Attribute {shown(name)}.")
    if not names:
        return {}
    # As they are now, whoever changed them.
    queue = await call.queues.look(queue.name)
    attributes = told_attributes(queue, call.caller)
    if not names.isdisjoint(COUNTS):
        counts = await call.engine.counts(queue.name)
        attributes |= dict(
            zip(COUNTS, map(str, (counts.ready + counts.blocked, counts.leased, counts.delayed)), strict=True)
        )
    chosen = {name: value for name, value in attributes.items() if name in names}
    return {"Attributes": chosen} if chosen else {}


async def set_queue_attributes(call: Call, given: SetQueueAttributesInput) -> Output:
    """Change attributes of a queue; the others stay."""
    queue = await call.queues.of_url(given.queue_url)
    if not given.attributes:
        raise missing("Attributes")
    if "FifoQueue" in given.attributes and not queue.fifo:
        raise SqsError(INVALID_ATTRIBUTE_NAME, "FifoQueue is settled when a queue is made.")
    queue = await call.queues.look(queue.name)
    changed = apply_attributes(queue, given.attributes)
    if changed.dead_letter_queue is not None and "RedrivePolicy" in given.attributes:
        await check_dead_letter_target(call.queues, changed, call.access)
    if call.engine.capabilities.protocol_attributes:
        now = str(call.engine.clock.now_ms() // 1000)
        changed = msgspec.structs.replace(changed, protocol_attributes={**changed.protocol_attributes, MODIFIED: now})
    call.queues.forget(queue.name)
    await call.engine.change_queue(changed)
    call.queues.forget(queue.name)
    return {}


GET_QUEUE_ATTRIBUTES = Operation("GetQueueAttributes", GetQueueAttributesInput, get_queue_attributes)
SET_QUEUE_ATTRIBUTES = Operation("SetQueueAttributes", SetQueueAttributesInput, set_queue_attributes, has_result=False)
