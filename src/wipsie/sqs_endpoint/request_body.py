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
    chunks: list[bytes] = []
    size = 0
    more = True
    # What is too large is read to its end: a client that is cut off while it sends does not see why.
    while more and size <= DISCARD_BYTES_MAX:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size <= BODY_BYTES_MAX:
            chunks.append(chunk)
    if size > BODY_BYTES_MAX:
        raise SqsError(TOO_LARGE, f"The request is over {BODY_BYTES_MAX} bytes.")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
