"""The HTTP protocol of a listening socket: uvicorn's, with a deadline for requests and refusals in the product's envelope.

uvicorn waits for ever for the rest of a request. Whoever opens connections and sends a byte now and then would hold them all.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wipsie.api.errors import envelope
from wipsie.kernel import json
from wipsie.kernel.clock import SYSTEM_CLOCK
from wipsie.kernel.errors import MalformedRequest, RequestTimeout, WipsieError

REQUEST_S_MAX = 120.0
"""From the first byte of a request, or from the connection, to the last byte of the request."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. A request that takes too long to arrive is answered with 408, and the connection closed."""

    request_s_max = REQUEST_S_MAX
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A client came, and may not stay silent."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """It left."""
        self._end_deadline()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._await_request()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The last one."""
        self._end_deadline()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._refuse(MalformedRequest(f"{msg} Send HTTP/1.1."))

    def _await_request(self) -> None:
        self._end_deadline()
        self._deadline = self.loop.call_later(self.request_s_max, self._too_late)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.pipeline or self.flow.read_paused:
            # It is we who do not read: an earlier request is not answered yet, or the body comes faster than it is used.
            self._await_request()
            return
        self._refuse(
            RequestTimeout(f"The request did not arrive whole within {self.request_s_max:g} seconds; send it again.")
        )

    def _refuse(self, error: WipsieError) -> None:
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            body = json.encode(envelope(error, None, SYSTEM_CLOCK))
            head = (
                f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        # Whatever still reads this request is told that its client is gone.
        self.transport.close()
