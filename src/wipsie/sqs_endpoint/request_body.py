"""Reads the body of a request, up to a limit."""

from __future__ import annotations

from starlette.types import Receive

from wipsie.kernel.limits import MESSAGE_BYTES_MAX, MIB
from wipsie.sqs_endpoint.errors import TOO_LARGE, SqsError

BODY_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
"""A message of the largest size, every byte of it escaped."""
DISCARD_BYTES_MAX = 16 * MIB


class ClientGone(Exception):
    """The connection ended before the request did."""


async def read_body(receive: Receive) -> bytes:
    """The whole body. SqsError when it is too large, ClientGone."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body", False) and len(body) <= BODY_BYTES_MAX:
        return body
    return await _read_on(receive, message)


async def _read_on(receive: Receive, message: object) -> bytes:
    chunks: list[bytes] = []
    size = 0
    first = message
    while True:
        current = first if isinstance(first, dict) else await receive()
        first = None
        if current["type"] != "http.request":
            raise ClientGone
        chunk: bytes = current.get("body", b"")
        size += len(chunk)
        if size <= BODY_BYTES_MAX:
            chunks.append(chunk)
        # What is too large is read to its end: a client that is cut off while it sends does not see why.
        if not current.get("more_body", False) or size > DISCARD_BYTES_MAX:
            break
    if size > BODY_BYTES_MAX:
        raise SqsError(TOO_LARGE, f"The request is over {BODY_BYTES_MAX} bytes.")
    return b"".join(chunks)
