"""Which requests on a shared port are meant for Amazon SQS.

JSON says so in `X-Amz-Target`, wherever it is posted. The older Query protocol has no sign of its own: a form, or an `Action`
in the query string, at the root of the server, at a prefix that ends with a slash, or at the URL of a queue.
"""

from __future__ import annotations

from starlette.types import Scope

TARGET = b"AmazonSQS."
PEEK_PATH = "/_aws/sqs/messages"
"""Where messages are looked at without being received, see `protocols/peek_protocol.py`."""
_FORM = b"application/x-www-form-urlencoded"
_JSON = b"application/x-amz-json"


def is_for_sqs(scope: Scope, amz_target: bytes | None) -> bool:
    """Whether this HTTP request is ours. Hot: asked of every request on the port."""
    if amz_target is not None:
        return amz_target.startswith(TARGET) and scope["method"] == "POST"
    path: str = scope["path"]
    if path.startswith(PEEK_PATH):
        return is_peek_path(path) and scope["method"] in ("GET", "POST")
    if len(path) > 1 and path[-1] != "/" and not is_queue_path(path):
        return False
    method: str = scope["method"]
    if method not in ("GET", "POST"):
        return False
    if b"Action=" in scope["query_string"]:
        return True
    if method == "POST" and _content_type(scope).startswith((_FORM, _JSON)):
        return True
    # Without any Action: a browser that was given the URL of a queue, for example.
    return path[1:2].isdigit() and path.count("/") == 2 and is_queue_path(path)


def is_peek_path(path: str) -> bool:
    """Whether a path is that of looking, with or without the queue in it."""
    rest = path[len(PEEK_PATH) :]
    return path.startswith(PEEK_PATH) and (rest in ("", "/") or (rest[0] == "/" and rest.count("/") == 3))


def is_queue_path(path: str) -> bool:
    """Whether a path ends like ``/<account of 12 digits>/<queue>``."""
    parent = path.rpartition("/")[0]
    return parent[-12:].isdigit() and parent[-13:-12] == "/"


def _content_type(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return value.lower()
    return b""
