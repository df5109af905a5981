"""Calls in Celery's own protocol that somebody sent to a queue of ours: read, or refused in a sentence.

``app.send_task("process_task", args=[{…}], queue="wipsie-task-processing")`` of any Celery application puts an envelope of
kombu's there, in base64, with the arguments in base64 inside. What it calls is one of the bridge's tasks with one message,
and then it is that message.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from wipsie.kernel import json
from wipsie.workers.celery_bridge.names import TASKS

_BASE64_OF_OBJECT = "ey"
"""How base64 of a JSON object begins."""


class UnusableCall(Exception):
    """It is a call of Celery's that cannot be run here; the sentence goes with it to the dead-letter queue."""


class CeleryCall(msgspec.Struct, kw_only=True):
    """A call of one of the bridge's tasks."""

    task: str
    body: str
    """The message, as JSON text."""
    not_before_ms: int | None = None


class _Headers(msgspec.Struct):
    task: str
    id: str | None = None
    eta: str | None = None
    expires: str | None = None


class _Properties(msgspec.Struct):
    body_encoding: str | None = None


class _Envelope(msgspec.Struct, rename={"content_type": "content-type"}):
    """Not a plain message: nothing else has a task among headers beside a body and properties."""

    body: str
    headers: _Headers
    properties: _Properties
    content_type: str


_Arguments = tuple[list[Any], dict[str, Any], dict[str, Any]]
_CONTINUATIONS = ("chain", "chord", "callbacks", "errbacks")
_decoder = msgspec.json.Decoder(_Envelope)


def read_call(body: str, now_ms: int) -> CeleryCall | None:
    """The call in a body; None for anything that is no call of Celery's. UnusableCall."""
    envelope = _envelope(body)
    if envelope is None:
        return None
    headers = envelope.headers
    if headers.task not in TASKS:
        raise UnusableCall(
            f"This is a call of Celery's task '{headers.task[:200]}'; here only {', '.join(TASKS)} can be called. "
            "Send other tasks to a queue of their own."
        )
    message = _only_message(_arguments(envelope), headers.task)
    expires_ms = _time_ms(headers.expires, "expires")
    if expires_ms is not None and expires_ms <= now_ms:
        raise UnusableCall(f"The call of '{headers.task}' expired at {headers.expires}.")
    if headers.id is not None:
        message = {"id": headers.id, **message}
    return CeleryCall(task=headers.task, body=json.encode_text(message), not_before_ms=_time_ms(headers.eta, "eta"))


def _envelope(body: str) -> _Envelope | None:
    if body.startswith(_BASE64_OF_OBJECT):
        try:
            text: str | bytes = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return None
    elif body.lstrip()[:1] == "{":
        text = body
    else:
        return None
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _arguments(envelope: _Envelope) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments."""
    task = envelope.headers.task
    if envelope.content_type != "application/json":
        raise UnusableCall(
            f"The call of '{task}' is written as {envelope.content_type[:100]}; only JSON is read: set task_serializer to json."
        )
    text: str | bytes = envelope.body
    try:
        if envelope.properties.body_encoding == "base64":
            text = base64.b64decode(text, validate=True)
        value = json.decode(text)
    except (binascii.Error, ValueError, UnicodeError, RecursionError):
        raise UnusableCall(f"The arguments of the call of '{task}' cannot be read.") from None
    try:
        positional, named, embedded = msgspec.convert(value, _Arguments)
    except msgspec.ValidationError:
        raise UnusableCall(f"The arguments of the call of '{task}' are not those of Celery's protocol 2.") from None
    if any(embedded.get(name) for name in _CONTINUATIONS):
        raise UnusableCall(
            f"The call of '{task}' is part of a chain or chord, or has callbacks, which nobody would run."
        )
    return positional, named


def _only_message(arguments: tuple[list[Any], dict[str, Any]], task: str) -> dict[str, Any]:
    positional, named = arguments
    values = [*positional, *named.values()]
    if len(values) != 1 or not set(named) <= {"message"} or not isinstance(values[0], dict):
        raise UnusableCall(f"'{task}' takes one argument, the message: a JSON object.")
    return cast("dict[str, Any]", values[0])


def _time_ms(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnusableCall(f"'{text[:100]}' is no time; {name} has to be one.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
