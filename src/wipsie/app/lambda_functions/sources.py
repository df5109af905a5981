"""What to poll: read from the detail of a schedule, the body of a call, or POLL_SOURCES."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from wipsie.kernel import json
from wipsie.kernel.errors import ConfigurationError, InvalidInput
from wipsie.slices.tasks.schemas.task_data import DATA_POLLING, DataPollingData
from wipsie.slices.tasks.schemas.validation import convert

SOURCES_MAX = 100
POLL_INTERVAL_S = 3600
"""Told to the handler where nobody says how often a source is polled."""
FIELDS = ("source_url", "sources")
_FORM = 'write {"source_url": "https://…"} or {"sources": [{"source_url": "https://…"}, "https://…"]}'


def read_sources(value: Any, where: str = "event") -> list[dict[str, Any]]:
    """The `data` of one message for each source, checked. InvalidInput names the field, beginning with `where`."""
    if not isinstance(value, dict) or not any(name in value for name in FIELDS):
        raise InvalidInput(f"{where} names no source; {_FORM}.", details={"field": where})
    fields = cast("dict[str, Any]", value)
    if "sources" not in fields:
        return [_source(fields, where)]
    if "source_url" in fields:
        raise InvalidInput(
            f"{where} has source_url and sources; write one of them.", details={"field": f"{where}.sources"}
        )
    return _list(fields["sources"], f"{where}.sources")


def configured_sources(text: str) -> list[dict[str, Any]]:
    """The sources of POLL_SOURCES. ConfigurationError."""
    try:
        value: Any = json.decode(text)
        return _list(value, "POLL_SOURCES")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        problem = "it is not JSON"
    except InvalidInput as error:
        problem = error.message
    raise ConfigurationError(f"POLL_SOURCES cannot be used: {problem}.", details={"setting": "POLL_SOURCES"})


def message_of(data: dict[str, Any]) -> dict[str, Any]:
    """The message that polls one source."""
    return {"task_type": DATA_POLLING, "message": f"Poll {data['source_url'][:200]}", "data": data}


def _list(value: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 0 < len(cast("list[Any]", value)) <= SOURCES_MAX:
        raise InvalidInput(f"{where} must be a list of 1 to {SOURCES_MAX} sources.", details={"field": where})
    return [_source(one, f"{where}[{index}]") for index, one in enumerate(cast("list[Any]", value))]


def _source(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, str):
        value = {"source_url": value}
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} is no source; {_FORM}.", details={"field": where})
    data = {"poll_interval": POLL_INTERVAL_S, **cast("dict[str, Any]", value)}
    convert(data, DataPollingData, where)
    return data
