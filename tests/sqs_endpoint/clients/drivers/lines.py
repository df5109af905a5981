"""What drivers in Python share: a call is a line of JSON on standard input, its answer a line on standard output.

A line is ``["SendMessage", {"QueueUrl": …}]``, the answer ``{"output": …}`` or ``{"error": {"kind", "code", "message"}}``. Bytes
travel as ``{"$bytes": "<base64>"}``. Runs on every Python a client asks for, with nothing but that client.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import sys
from collections.abc import Callable
from typing import Any

BYTES = "$bytes"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Refused(Exception):
    """The service said no."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.told = {"kind": kind, "code": code, "message": message}

    @classmethod
    def by_boto(cls, error: Any) -> Refused:
        """A ClientError of any botocore."""
        told: dict[str, str] = error.response["Error"]
        return cls(type(error).__name__, told["Code"], told["Message"])


def in_words(name: str, between: str) -> str:
    """`SendMessage` as ``send_message`` or ``send-message``."""
    return _WORD.sub(between, name).lower()


def plain(value: Any) -> Any:
    """What JSON has no words for."""
    if isinstance(value, bytes):
        return {BYTES: base64.b64encode(value).decode()}
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} cannot be told")


def rich(value: dict[str, Any]) -> Any:
    """The other way round."""
    return base64.b64decode(value[BYTES]) if BYTES in value else value


def serve(call: Callable[[str, dict[str, Any]], Any]) -> None:
    """Answer lines until there are no more."""
    for line in sys.stdin:
        action, members = read(line)
        try:
            write({"output": call(action, members)})
        except Refused as refused:
            write({"error": refused.told})


def read(line: str) -> tuple[str, dict[str, Any]]:
    """The action a line asks for, and its members."""
    action, members = json.loads(line, object_hook=rich)
    return action, members


def write(answer: dict[str, Any]) -> None:
    """Say one answer. Standard output may be somewhere else while a call runs."""
    sys.__stdout__.write(json.dumps(answer, default=plain) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]
