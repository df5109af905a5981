"""From the body of a delivery to a handler and its typed message; foreign bodies included.

Anything may write to a queue. The common case, a standard message, is decoded in two fast passes: the task type first,
then everything with the handler's own type. What does not fit takes the slow way: text that is no JSON object becomes a
message of task type ``raw``, an object without the standard fields has them filled in.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from wipsie.kernel import json
from wipsie.kernel.clock import iso_utc_ms
from wipsie.queue.contract import Delivery
from wipsie.queue.message import DEFAULT_TASK_TYPE, RAW_TASK_TYPE, StandardMessage
from wipsie.workers.handler import HandlerRegistry
from wipsie.workers.retry_policy import RetryPolicy
from wipsie.workers.route import Route

_TEXT_FIELDS = ("source", "message", "queue")
_STANDARD_FIELDS = frozenset(StandardMessage.__struct_fields__)


class Undeliverable(Exception):
    """No handler can ever take this message; `code` and `reason` go with it to the dead-letter queue."""

    def __init__(self, code: str, reason: str, task_type: str, correlation_id: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.task_type = task_type
        self.correlation_id = correlation_id


class _Header(msgspec.Struct):
    task_type: str = DEFAULT_TASK_TYPE


class TaskDecoder:
    """Decodes the messages of one queue."""

    def __init__(self, queue: str, registry: HandlerRegistry, default_retry: RetryPolicy) -> None:
        """`queue`: short name."""
        self._queue = queue
        self._header = msgspec.json.Decoder(_Header)
        self._routes: dict[str, Route] = {}
        self._fallback: Route | None = None
        self._reader: Route | None = None
        for (spec_queue, task_type), spec in registry.specs.items():
            if spec_queue == queue:
                route = self._routes[task_type] = Route(spec, default_retry)
                if spec.is_fallback:
                    self._fallback = route
                if spec.reads_body:
                    self._reader = route

    def decode(self, delivery: Delivery) -> tuple[Route, StandardMessage[Any]]:
        """The handler and the message it gets. Raises `Undeliverable`."""
        if self._reader is not None:
            return self._reader, StandardMessage(
                id=delivery.message_id,
                timestamp=iso_utc_ms(delivery.sent_at_ms),
                task_type=self._reader.spec.task_type,
                data=None,
            )
        body = delivery.body
        try:
            task_type = self._header.decode(body).task_type
            route = self._routes.get(task_type) or self._fallback
            if route is not None:
                return route, route.decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return self._decode_slowly(delivery)
        raise self._no_handler(task_type)

    def _decode_slowly(self, delivery: Delivery) -> tuple[Route, StandardMessage[Any]]:
        try:
            value: Any = json.decode(delivery.body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            value = None
        if isinstance(value, dict):
            fields = _completed(cast("dict[str, Any]", value), delivery)
        else:
            fields = _raw(delivery)
        task_type: str = fields["task_type"]
        route = self._routes.get(task_type) or self._fallback
        if route is None:
            raise self._no_handler(task_type)
        try:
            return route, route.decoder.decode(json.encode(fields))
        except msgspec.MsgspecError as error:
            if task_type == RAW_TASK_TYPE and not isinstance(value, dict):
                raise Undeliverable(
                    "UNREADABLE",
                    f"The body is not a JSON object, and handler '{route.spec.task_type}' takes no raw text: {error}",
                    task_type,
                ) from None
            reason = f"The message does not fit task type '{task_type}': {error}"
            raise Undeliverable("VALIDATION_ERROR", reason, task_type, fields.get("correlation_id")) from None

    def _no_handler(self, task_type: str) -> Undeliverable:
        known = ", ".join(sorted(self._routes)) or "none"
        if task_type == RAW_TASK_TYPE:
            return Undeliverable(
                "UNREADABLE",
                f"The body is not a JSON object, and queue '{self._queue}' has no handler for raw text. "
                f"Known task types: {known}.",
                task_type,
            )
        return Undeliverable(
            "NO_HANDLER",
            f"Queue '{self._queue}' has no handler for task type '{task_type}'. Known task types: {known}.",
            task_type,
        )


def _raw(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.message_id,
        "timestamp": iso_utc_ms(delivery.sent_at_ms),
        "task_type": RAW_TASK_TYPE,
        # A body may hold what JSON cannot (lone surrogates); the handler gets a readable text in any case.
        "data": {"raw": delivery.body.encode("utf-8", "replace").decode()},
    }


def _completed(value: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    """The standard fields of a foreign object: what is missing is filled, what has another shape is turned into text.
    Without `data`, all other fields are the data."""
    data = value.get("data")
    if data is None:
        data = {name: entry for name, entry in value.items() if name not in _STANDARD_FIELDS}
    fields: dict[str, Any] = {
        "id": _text(value.get("id")) or delivery.message_id,
        "timestamp": _text(value.get("timestamp")) or iso_utc_ms(delivery.sent_at_ms),
        "task_type": _text(value.get("task_type")) or DEFAULT_TASK_TYPE,
        "data": data,
        "priority": _text(value.get("priority")) or None,
        "correlation_id": _text(value.get("correlation_id")) or None,
        "request_id": _text(value.get("request_id")) or None,
    }
    for name in _TEXT_FIELDS:
        if value.get(name) is not None:
            fields[name] = _text(value[name])
    retry_count = value.get("retry_count")
    if isinstance(retry_count, int) and not isinstance(retry_count, bool):
        fields["retry_count"] = retry_count
    return fields


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.encode_text(value)
