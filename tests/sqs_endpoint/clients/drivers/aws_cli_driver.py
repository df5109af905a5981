"""The AWS CLI, driven by lines: each call is a command as a person writes it, `aws sqs send-message --queue-url …`.

All in one process, because starting the command costs more than most calls.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json
import os
import re
from typing import Any

from lines import Refused, in_words, serve

# Installed in the client's own environment only.
library: Any = importlib.import_module("awscli.clidriver")
driver: Any = library.create_clidriver()
REFUSAL = re.compile(
    r"An error occurred \((?P<code>[^)]+)\) when calling the \w+ operation: (?P<message>.*)", re.DOTALL
)


def option(value: Any) -> list[str]:
    """A value as words of a command line."""
    words: Any = value
    if isinstance(value, list) and all(isinstance(one, str) for one in words):
        return words
    if isinstance(value, (dict, list)):
        # The CLI takes bytes inside JSON as text.
        return [json.dumps(value, default=bytes.decode)]
    return [str(value)]


def with_bytes(members: dict[str, Any]) -> dict[str, Any]:
    """The CLI prints bytes in base64."""
    return {**members, "BinaryValue": base64.b64decode(members["BinaryValue"])} if "BinaryValue" in members else members


def call(action: str, members: dict[str, Any]) -> Any:
    # For Amazon SQS this CLI has an address of its own for each region, and does not read the variable.
    words = ["--endpoint-url", os.environ["AWS_ENDPOINT_URL_SQS"], "--output", "json", "sqs", in_words(action, "-")]
    for name, value in members.items():
        words += [f"--{in_words(name, '-')}", *option(value)]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = driver.main(words)
    if code:
        refusal = REFUSAL.search(err.getvalue())
        if refusal is None:
            raise RuntimeError(f"{words} ended with {code}: {err.getvalue()}")
        raise Refused("", refusal["code"], refusal["message"].strip())
    return json.loads(out.getvalue() or "{}", object_hook=with_bytes)


serve(call)
