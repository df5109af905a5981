"""Amazon SQS on a port of its own: everything there is for it but the health of the process."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from wipsie.kernel.errors import WipsieError
from wipsie.sqs_endpoint.endpoint import SqsEndpoint

_METHODS = ("GET", "POST")


class SqsOnItsOwnPort:
    """The endpoint, without the question for whom a request is."""

    def __init__(self, endpoint: SqsEndpoint) -> None:
        self._endpoint = endpoint

    def takes(self, scope: Scope, amz_target: bytes | None) -> bool:
        """Whether a request is for Amazon SQS."""
        path: str = scope["path"]
        is_health = amz_target is None and (path == "/health" or path.startswith("/health/"))
        return scope["method"] in _METHODS and not is_health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._endpoint(scope, receive, send)

    async def refuse(self, error: WipsieError, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell a client that it was not let in."""
        await self._endpoint.refuse(error, scope, receive, send)
