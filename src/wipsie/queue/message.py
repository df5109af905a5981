"""The standard message: the JSON object that travels as the body of Wipsie's own messages.

Source: the technical spec's `StandardMessage`. Anything may send to a queue, so reading is forgiving: a body that is not
a JSON object becomes a standard message of task type ``raw`` with the text in ``data.raw``.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import msgspec

from wipsie.kernel import json
from wipsie.kernel.clock import iso_utc
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.ids import MessageId, new_message_id
from wipsie.queue.contract import Attribute, Priority

RAW_TASK_TYPE = "raw"
DEFAULT_TASK_TYPE = "default"

Data = TypeVar("Data")


class StandardMessage(msgspec.Struct, Generic[Data], kw_only=True):
    """A task as handlers see it. `data` has the type the handler declared."""

    id: str
    timestamp: str
    source: str = "manual"
    task_type: str = DEFAULT_TASK_TYPE
    message: str = ""
    queue: str = ""
    data: Data
    priority: str | None = None
    retry_count: int = 0
    correlation_id: str | None = None
    """Ties together all that one cause set in motion."""
    request_id: str | None = None
    """The HTTP request that brought the message, as its response and log lines name it."""


_PRIORITIES = {"high": Priority.HIGH, "medium": Priority.MEDIUM, "low": Priority.LOW}


def parse_priority(value: object) -> Priority:
    """`high`, `medium` or `low`, in any case. InvalidInput otherwise."""
    if isinstance(value, str) and (priority := _PRIORITIES.get(value.lower())) is not None:
        return priority
    raise InvalidInput(
        "priority must be one of high, medium or low.",
        details={"field": "priority", "value": value, "accepted": list(_PRIORITIES)},
    )


def find_priority(message: dict[str, Any], attributes: dict[str, Attribute] | None) -> Priority:
    """Priority of a message: top level, then `data`, then the attributes; medium when nobody says."""
    value = message.get("priority")
    if value is None:
        data = message.get("data")
        if isinstance(data, dict):
            value = cast("dict[str, Any]", data).get("priority")
        if value is None and attributes is not None:
            attribute = attributes.get("priority")
            value = attribute.value if attribute is not None else None
    return Priority.MEDIUM if value is None else parse_priority(value)


def complete(
    message: dict[str, Any],
    *,
    queue: str,
    source: str,
    now_s: float,
    correlation_id: str | None,
    request_id: str | None = None,
) -> tuple[MessageId, str]:
    """Fill what the sender left out (`id`, `timestamp`, `source`, `queue`, `correlation_id`), note the request, and give
    (message id, body).

    `queue` is the short name. The queue's message id is the body's `id` unless the sender chose an `id` of their own.
    """
    message_id = new_message_id()
    body = {
        "id": message_id,
        "timestamp": iso_utc(now_s),
        "source": source,
        **message,
        "queue": queue,
    }
    if correlation_id is not None and body.get("correlation_id") is None:
        body["correlation_id"] = correlation_id
    if request_id is not None:
        body["request_id"] = request_id
    return message_id, json.encode_text(body)
