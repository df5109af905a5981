"""Calls fast routes straight from a table, past the framework's own middlewares and router."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from wipsie.api.fast_route import FastRoute

_ANYWHERE: tuple[str, ...] = ()
_PLACE_PARTS = 2


def _place(path: str) -> tuple[str, ...]:
    """The first two parts of a path or template; `_ANYWHERE` for a template that leaves them open."""
    parts = tuple(path.split("/", _PLACE_PARTS + 1)[1 : _PLACE_PARTS + 1])
    return _ANYWHERE if len(parts) < _PLACE_PARTS or any("{" in part for part in parts) else parts


class FastDispatch:
    """ASGI application: fast routes by path and method, everything else goes on to `app`.

    Nothing depends on it but speed: `app` holds the same routes, answers what the table does not know (wrong method, wrong
    path, a prefix set by a proxy) and documents them.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        """`routes` in the order in which they are matched; of two for one path and method, the first wins."""
        self._app = app
        self._exact: dict[tuple[str, str], FastRoute] = {}
        self._templates: list[FastRoute] = []
        # By the first two parts of the path, which nearly every template names: few are left to be tried.
        self._near: dict[tuple[str, ...], list[FastRoute]] = {}
        self._not_fast: list[Route] = []
        for route in routes:
            if isinstance(route, FastRoute):
                self._add(route)
            elif isinstance(route, Route):
                self._not_fast.append(route)
        for place in {_place(template.path) for template in self._templates}:
            self._near[place] = [
                template for template in self._templates if _place(template.path) in (place, _ANYWHERE)
            ]

    def _add(self, route: FastRoute) -> None:
        if route.param_convertors:
            # A slower route in front of it could be meant instead, and only the router knows their order.
            if not self._not_fast:
                self._templates.append(route)
            return
        if any(other.path_regex.match(route.path) for other in (*self._templates, *self._not_fast)):
            return
        for method in route.methods or ():
            self._exact.setdefault((route.path, method), route)

    @property
    def routes(self) -> Sequence[FastRoute]:
        """The routes in the table."""
        # By identity: routes are not hashable, and one route serves several methods.
        return [*{id(route): route for route in self._exact.values()}.values(), *self._templates]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = None
        if not scope.get("root_path"):
            path, method = scope["path"], scope["method"]
            route = self._exact.get((path, method))
            if route is not None:
                scope["path_params"] = {}
            else:
                for template in self._near.get(_place(path), self._near.get(_ANYWHERE, ())):
                    if method in (template.methods or ()) and (match := template.path_regex.match(path)):
                        route = template
                        convertors = template.param_convertors
                        scope["path_params"] = {
                            name: convertors[name].convert(value) for name, value in match.groupdict().items()
                        }
                        break
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        response = await route.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)
