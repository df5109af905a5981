"""Wipsie's own wishes on Amazon's messages: a delay of any length, and a priority, as message attributes.

Any SDK can send attributes, whatever its model of the service knows. They are taken out before the message is stored: a receiver
that passes a message on with all its attributes does not pass on the wish.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wipsie.queue.contract import Attribute, Capabilities, Priority, QueueSettings
from wipsie.sqs_endpoint.errors import INVALID_PARAMETER, UNSUPPORTED, SqsError, invalid, shown
from wipsie.sqs_endpoint.message_attributes import AttributeValue, read_attributes

DELAY = "Wipsie.DelaySeconds"
PRIORITY = "Wipsie.Priority"
_PREFIX = "wipsie."
_PRIORITIES = {one.name.lower(): one for one in Priority}


class Wishes(NamedTuple):
    """What a sender asks for beyond Amazon SQS."""

    delay_s: float | None = None
    priority: Priority = Priority.MEDIUM


def split_extensions(
    given: Mapping[str, AttributeValue],
) -> tuple[dict[str, AttributeValue], dict[str, AttributeValue]]:
    """Attributes of the message, and wishes to us."""
    ours = {name: value for name, value in given.items() if name[:7].lower() == _PREFIX}
    if not ours:
        return dict(given), ours
    return {name: value for name, value in given.items() if name not in ours}, ours


def read_wishes(
    given: Mapping[str, AttributeValue], queue: QueueSettings, capabilities: Capabilities, *, strict: bool
) -> tuple[Wishes, dict[str, Attribute]]:
    """What the attributes ask for, and themselves for the digest of the answer. SqsError."""
    if strict:
        raise SqsError(
            UNSUPPORTED,
            f"The attribute {shown(next(iter(given)))} is an extension of Wipsie, which is strict here (SQS_ENDPOINT_STRICT).",
        )
    attributes = read_attributes(given)
    wishes = Wishes()
    for name, attribute in attributes.items():
        if name == DELAY:
            wishes = wishes._replace(delay_s=_read_delay(attribute, queue, capabilities))
        elif name == PRIORITY:
            wishes = wishes._replace(priority=_read_priority(attribute))
        else:
            raise SqsError(
                INVALID_PARAMETER,
                f"'{shown(name)}' cannot name a message attribute: what begins with Wipsie. is {DELAY} or {PRIORITY}.",
            )
    return wishes, attributes


def _read_delay(attribute: Attribute, queue: QueueSettings, capabilities: Capabilities) -> float:
    most = capabilities.delay_s_max
    if attribute.data_type != "Number":
        raise invalid(DELAY, attribute.data_type, "It has to be of the type Number.")
    delay_s = float(attribute.value)
    if not 0 <= delay_s <= most:
        raise invalid(DELAY, attribute.value, f"Must be between 0 and {most:.0f} seconds.")
    if queue.fifo and not capabilities.fifo_delay:
        raise SqsError(
            UNSUPPORTED, f"Messages of FIFO queues cannot have a delay of their own here ({capabilities.name})."
        )
    return delay_s


def _read_priority(attribute: Attribute) -> Priority:
    priority = _PRIORITIES.get(attribute.value.lower())
    if attribute.data_type != "String" or priority is None:
        raise invalid(PRIORITY, attribute.value, f"It is a String: {', '.join(_PRIORITIES)}.")
    return priority
