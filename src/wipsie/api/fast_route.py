"""Routes for hot endpoints: `async def endpoint(request: Request) -> Response`, without dependency solving and Pydantic.

Use it for a whole router: ``APIRouter(route_class=FastRoute)``, and describe each operation with
`wipsie.api.openapi.describe`, since there is no signature to read it from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from wipsie.kernel.errors import ConfigurationError


class FastRoute(APIRoute):
    """A documented route whose endpoint is called with the request and nothing else.

    ConfigurationError for dependencies, which would silently not run, and for endpoints of another shape.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if not inspect.iscoroutinefunction(endpoint) or len(inspect.signature(endpoint).parameters) != 1:
            raise ConfigurationError(
                f"The fast route {path} needs an endpoint `async def endpoint(request: Request) -> Response`."
            )
        if options.get("dependencies"):
            raise ConfigurationError(f"The fast route {path} cannot have dependencies; call them in the endpoint.")
        # A return annotation is a response, not a model.
        options["response_model"] = None
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return self.endpoint
