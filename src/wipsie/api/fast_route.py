"""The routes of Wipsie: `async def endpoint(request: Request) -> Response`, without dependency solving and Pydantic.

Use it for a whole router: ``APIRouter(route_class=FastRoute)``, and describe each operation with
`wipsie.api.openapi.describe`, since there is no signature to read it from. The description says who may use the route.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import Access
from wipsie.api.gate import gate_of
from wipsie.kernel.errors import ConfigurationError

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class FastRoute(APIRoute):
    """A documented route whose endpoint is called with the request, and nothing else, once the gate let it in.

    ConfigurationError for dependencies, which would silently not run, for endpoints of another shape, and for routes that
    do not say who may use them.
    """

    access: Access

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if not inspect.iscoroutinefunction(endpoint) or len(inspect.signature(endpoint).parameters) != 1:
            raise ConfigurationError(
                f"The fast route {path} needs an endpoint `async def endpoint(request: Request) -> Response`."
            )
        if options.get("dependencies"):
            raise ConfigurationError(f"The fast route {path} cannot have dependencies; call them in the endpoint.")
        access = getattr(options.get("openapi_extra"), "access", None)
        if not isinstance(access, Access):
            raise ConfigurationError(
                f"The route {path} does not say who may use it: openapi_extra=describe(access=…), see wipsie.api.access."
            )
        self.access = access
        # A return annotation is a response, not a model.
        options["response_model"] = None
        super().__init__(path, _gated(endpoint, access), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return self.endpoint


def _gated(endpoint: Endpoint, access: Access) -> Endpoint:
    if access.public:
        return endpoint

    @wraps(endpoint)
    async def admitted(request: Request) -> Response:
        scope = request.scope
        gate = gate_of(scope)
        if not gate.is_open(scope, access):
            await gate.admit(scope, access)
        return await endpoint(request)

    return admitted
