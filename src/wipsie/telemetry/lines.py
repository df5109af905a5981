"""Turns one log event into one line: JSON for machines, aligned text for a person at a terminal."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, cast

import msgspec

from wipsie.kernel.clock import Clock, iso_utc
from wipsie.telemetry import correlation
from wipsie.telemetry.redaction import redact_field, redact_text

Fields = MutableMapping[str, Any]
Render = Callable[[dict[str, Any]], bytes]

TRACEBACK_LENGTH_MAX = 32 * 1024
"""Longer tracebacks keep their end, where the cause stands."""

_RESERVED = ("event", "level", "logger", "exc_info", "stack_info")

_encoder = msgspec.json.Encoder(enc_hook=str)


def render_json(line: dict[str, Any]) -> bytes:
    """One JSON object and a line end."""
    try:
        return _encoder.encode(line) + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        # Text with lone surrogates cannot be JSON; a log call must never fail for what it was given.
        safe = {key: ascii(value) for key, value in line.items()}
        return _encoder.encode({**safe, "log_problem": ascii(error)}) + b"\n"


def render_console(line: dict[str, Any]) -> bytes:
    """``14:06:02.648 INFO    wipsie.app: Started  port=8000`` with a traceback on the lines below."""
    rest = dict(line)
    timestamp, level, logger, event = (str(rest.pop(key, "")) for key in ("timestamp", "level", "logger", "event"))
    exception = rest.pop("exception", None)
    fields = "".join(f"  {key}={value}" for key, value in rest.items())
    text = f"{timestamp[11:23]} {level.upper():<8}{logger}: {event}{fields}\n"
    if exception:
        text += f"{exception}\n"
    return text.encode("utf-8", "backslashreplace")


def _exception_text(exc_info: object) -> str | None:
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, BaseException):
        lines = traceback.format_exception(exc_info)
    elif isinstance(exc_info, tuple):
        kind, error, trace = cast(
            "tuple[type[BaseException] | None, BaseException | None, TracebackType | None]", exc_info
        )
        if kind is None:
            return None
        lines = traceback.format_exception(kind, error, trace)
    else:
        return None
    return "".join(lines).rstrip()[-TRACEBACK_LENGTH_MAX:]


def compose(fields: Fields, *, level: str, logger: str, clock: Clock) -> dict[str, Any]:
    """The line in its fixed order: time, level, logger, event, ids, then the fields, all redacted."""
    line: dict[str, Any] = {
        "timestamp": iso_utc(clock.now()),
        "level": level,
        "logger": logger,
        "event": redact_text(str(fields.get("event", ""))),
    }
    request_id, correlation_id = correlation.current.get()
    if request_id is not None:
        line["request_id"] = request_id
    if correlation_id is not None:
        line["correlation_id"] = correlation_id
    for key, value in fields.items():
        if key not in _RESERVED:
            line[key] = redact_field(key, value)
    exception = _exception_text(fields.get("exc_info"))
    if exception is not None:
        line["exception"] = redact_text(exception)
    return line
