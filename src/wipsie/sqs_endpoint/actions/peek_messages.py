"""Looking at messages without receiving them: no action of Amazon SQS, but at the path where local tools look for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wipsie.queue.contract import MessageState, QueueSettings, StoredMessage
from wipsie.sqs_endpoint.checks import check_number
from wipsie.sqs_endpoint.errors import invalid
from wipsie.sqs_endpoint.message_attributes import AttributeFilter
from wipsie.sqs_endpoint.message_shape import SYSTEM_NAMES, shown_message
from wipsie.sqs_endpoint.operation import Call, Input, Operation, Output

MESSAGES = 100
"""Without a wish."""
MESSAGES_MAX = 1000
BYTES_MAX = 4 * 1024 * 1024
"""An answer that is larger ends, and says where the next goes on."""
HANDLE = "PEEKED"
"""What stands where a receipt handle would: nothing was received, so that nothing can be deleted by it."""
_STEP = 20
_ALL = AttributeFilter(["All"])
_NAMES = frozenset(SYSTEM_NAMES)


class PeekInput(Input):
    """Which messages of a queue."""

    queue_url: str | None = None
    show_invisible: bool = False
    """Those in flight too."""
    show_delayed: bool = False
    max_number_of_messages: int | None = None
    next_token: str | None = None


async def peek_messages(call: Call, given: PeekInput) -> Output:
    """Messages in order of acceptance, as many as an answer takes."""
    queue = await call.queues.of_url(given.queue_url)
    most = MESSAGES if given.max_number_of_messages is None else given.max_number_of_messages
    check_number("MaxNumberOfMessages", most, 1, MESSAGES_MAX)
    after = _read_token(given.next_token) if given.next_token else 0
    states = [MessageState.READY, MessageState.BLOCKED]
    if given.show_invisible:
        states.append(MessageState.LEASED)
    if given.show_delayed:
        states.append(MessageState.DELAYED)
    found: list[StoredMessage] = []
    size = 0
    is_more = True
    while is_more and len(found) < most and size < BYTES_MAX:
        step = await _next(call, queue, states, min(_STEP, most - len(found)), after)
        is_more = len(step) == min(_STEP, most - len(found))
        for message in step:
            found.append(message)
            size += len(message.body) + sum(len(one.value) for one in message.attributes.values())
            after = message.sequence_number
            if size >= BYTES_MAX:
                is_more = True
                break
    answer: Output = {}
    if found:
        answer["Messages"] = [_shown(call, queue, message) for message in found]
    if is_more:
        answer["NextToken"] = str(after)
    return answer


async def _next(
    call: Call, queue: QueueSettings, states: Sequence[MessageState], limit: int, after: int
) -> list[StoredMessage]:
    """The next messages in any of these states; a state for itself, so that nobody walks through a million of another."""
    found: list[StoredMessage] = []
    for state in states:
        found += await call.engine.peek(queue.name, limit=limit, after_sequence_number=after, state=state)
    return sorted(found, key=lambda message: message.sequence_number)[:limit]


def _shown(call: Call, queue: QueueSettings, message: StoredMessage) -> dict[str, Any]:
    shown = shown_message(call.caller, queue, message, handle=HANDLE, names=_NAMES, wanted=_ALL)
    shown["Attributes"] |= {
        "IsVisible": "false" if message.state is MessageState.LEASED else "true",
        "IsDelayed": "true" if message.state is MessageState.DELAYED else "false",
    }
    return shown


def _read_token(token: str) -> int:
    if not token.isascii() or not token.isdigit() or len(token) > 18:
        raise invalid("NextToken", token, "It has to be the NextToken of an earlier answer.")
    return int(token)


# Named as the action whose form its answers have.
PEEK = Operation("ReceiveMessage", PeekInput, peek_messages)
