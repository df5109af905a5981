"""The rival of `POST /sqs/send`: a FastAPI endpoint with a Pydantic model that checks the same body and does nothing.

`python -m benchmarks.servers.empty_endpoint PORT`, served by uvicorn with uvloop and httptools and without access log,
in one process.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.servers.one_process import serve_alone


class SendRequest(BaseModel):
    """The body of `POST /sqs/send`."""

    queue_name: str
    message: dict[str, Any]
    attributes: dict[str, str] | None = None


class SendAnswer(BaseModel):
    """The answer of `POST /sqs/send`."""

    message_id: str
    queue: str
    status: str
    timestamp: str


def build() -> FastAPI:
    """The application."""
    app = FastAPI()

    @app.post("/send")
    async def send(body: SendRequest) -> SendAnswer:
        return SendAnswer(
            message_id="7f1c9a2e-5b0d-4a57-8c37-0f6f6f4c2b11",
            queue=body.queue_name,
            status="sent",
            timestamp="2025-10-04T14:06:02.648981Z",
        )

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "healthy"}

    return app


if __name__ == "__main__":
    serve_alone(build(), lifespan="auto")
