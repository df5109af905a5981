"""The ceiling: an ASGI application that reads the body and answers constant bytes. `python -m benchmarks.servers.bare_asgi PORT`."""

from __future__ import annotations

from typing import Any

from benchmarks.servers.one_process import serve_alone

_ANSWER = (
    b'{"message_id":"7f1c9a2e-5b0d-4a57-8c37-0f6f6f4c2b11","queue":"default","status":"sent",'
    b'"timestamp":"2025-10-04T14:06:02.648981Z"}'
)
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_ANSWER)).encode())]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every HTTP request with 200."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER})


if __name__ == "__main__":
    serve_alone(application)
