"""Whether a queue may send its dead letters where its policy says."""

from __future__ import annotations

from wipsie.kernel.errors import QueueNotFound
from wipsie.queue.contract import QueueSettings
from wipsie.sqs_endpoint.access import Access
from wipsie.sqs_endpoint.errors import INVALID_PARAMETER, SqsError
from wipsie.sqs_endpoint.known_queues import KnownQueues
from wipsie.sqs_endpoint.queue_attributes import allow_policy


async def check_dead_letter_target(queues: KnownQueues, source: QueueSettings, access: Access) -> None:
    """SqsError when the target is missing, of the other kind, or does not allow it, or whoever asks may not send there."""
    if source.dead_letter_queue is None:
        return
    # Dead letters are messages: a policy would send there for somebody who may not.
    access.check("SendMessage", source.dead_letter_queue)
    try:
        target = await queues.look(source.dead_letter_queue)
    except QueueNotFound:
        raise _refusal(source, "Dead letter target does not exist.") from None
    if target.fifo != source.fifo:
        raise _refusal(source, "A FIFO queue needs a FIFO dead letter queue, and a standard queue a standard one.")
    if not allow_policy(target).allows(source.name):
        raise _refusal(source, "The RedriveAllowPolicy of the dead letter queue does not allow this queue.")


def _refusal(source: QueueSettings, reason: str) -> SqsError:
    return SqsError(
        INVALID_PARAMETER, f"Value {source.dead_letter_queue} for parameter RedrivePolicy is invalid. Reason: {reason}"
    )
