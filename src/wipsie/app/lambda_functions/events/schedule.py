"""Events of a schedule: a rule of EventBridge (once CloudWatch Events), or a schedule of EventBridge Scheduler.

Both send ``"detail-type": "Scheduled Event"`` unless they are given an input of their own, which then arrives bare, as any
other invocation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from wipsie.app.lambda_functions.events.typed import typed
from wipsie.kernel import json

_SOURCES = ("aws.events", "aws.scheduler")
_DETAIL_TYPE = "Scheduled Event"


class _Document(msgspec.Struct, rename={"detail_type": "detail-type"}):
    source: str
    detail_type: str
    id: str = ""
    time: str = ""
    resources: list[str] = []
    detail: Any = None


class Scheduled(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a schedule has come."""

    id: str
    """The same when one moment is delivered twice."""
    time: str
    schedule: str
    """ARN of the rule or schedule; empty when it is not told."""
    detail: Any
    """What the schedule was given; an empty object mostly."""


def is_schedule(event: Mapping[str, Any]) -> bool:
    """Whether an event is of this kind."""
    return event.get("source") in _SOURCES and event.get("detail-type") == _DETAIL_TYPE


def read_schedule(event: Mapping[str, Any]) -> Scheduled:
    """InvalidInput when it is not as it should be."""
    document = typed(event, _Document, "scheduled event")
    detail = document.detail
    if isinstance(detail, str):
        # EventBridge Scheduler writes the detail as text.
        try:
            detail = json.decode(detail)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            detail = {"text": detail}
    return Scheduled(
        id=document.id,
        time=document.time,
        schedule=next(iter(document.resources), ""),
        detail=cast("Any", {} if detail is None else detail),
    )
