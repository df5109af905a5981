"""Which kind of event a function was given. A shape nobody knows is an error that names the kinds, never a silent success."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from wipsie.app.lambda_functions.events.gateway import ApiCall, is_api_call, read_api_call
from wipsie.app.lambda_functions.events.objects import NewObjects, is_s3_notice, read_s3_notice
from wipsie.app.lambda_functions.events.schedule import Scheduled, is_schedule, read_schedule
from wipsie.app.lambda_functions.events.sqs import SqsBatch, is_sqs_batch, read_sqs_batch
from wipsie.kernel.errors import InvalidInput

_SHOWN_KEYS = 10
_SHOWN_CHARS = 60


class Direct(msgspec.Struct, frozen=True):
    """An invocation by hand, or a schedule with an input of its own: an object that no service of Amazon made."""

    value: dict[str, Any]


Event = Scheduled | ApiCall | NewObjects | SqsBatch | Direct

_READERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Event]], ...] = (
    (is_sqs_batch, read_sqs_batch),
    (is_s3_notice, read_s3_notice),
    (is_schedule, read_schedule),
    (is_api_call, read_api_call),
)
_OF_AMAZON = ("Records", "requestContext", "detail-type", "awslogs", "invocationId")
"""Names that stand in events of services only."""


class UnsupportedEvent(InvalidInput):
    """An event this function does nothing with."""


def read_event(event: Any, *, direct: tuple[str, ...], supported: str) -> Event:
    """The typed event. `direct`: the fields of which an object that is invoked by hand has one at least; `supported` tells
    people what the function takes. UnsupportedEvent, InvalidInput."""
    if not isinstance(event, dict):
        raise UnsupportedEvent(
            f"The event is no JSON object but {type(event).__name__}. {supported}", details={"supported": supported}
        )
    value = cast("dict[str, Any]", event)
    for is_kind, read in _READERS:
        if is_kind(value):
            return read(value)
    if not any(name in value for name in _OF_AMAZON) and any(name in value for name in direct):
        return Direct(value)
    raise unsupported(value, supported)


def unsupported(event: Mapping[str, Any], supported: str) -> UnsupportedEvent:
    """The error for an event, by what it shows of itself."""
    keys = [str(key)[:_SHOWN_CHARS] for key in list(event)[:_SHOWN_KEYS]]
    return UnsupportedEvent(
        f"Nothing was done: an event with the fields {', '.join(keys) or '(none)'} is of no kind that this function takes. "
        f"{supported}",
        details={"fields": keys, "supported": supported},
    )
