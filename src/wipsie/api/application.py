"""Puts the kit together: a FastAPI application with the slices' routers behind Wipsie's middlewares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from wipsie.api.docs_page import build_docs_router
from wipsie.api.errors import install_error_handlers
from wipsie.api.fast_route import FastRoute
from wipsie.api.gate import Authenticator, Gate, NoAccounts
from wipsie.api.health import HealthCheck, build_health_router
from wipsie.api.metrics_route import build_metrics_router
from wipsie.api.middleware.edge import RequestEdge
from wipsie.api.middleware.fast_dispatch import FastDispatch
from wipsie.api.middleware.guard import Guard
from wipsie.api.middleware.host_rule import HostRule
from wipsie.api.middleware.protocol_switch import OtherProtocol, ProtocolSwitch
from wipsie.api.openapi import openapi_of
from wipsie.auth.rights import RightsTable
from wipsie.kernel import limits
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError
from wipsie.telemetry.metrics import Metrics

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the API treats requests."""

    cors_origins: Sequence[str] = ()
    """Pages that may call the API from a browser; ``*`` for all, then without credentials."""
    loopback_only: bool = True
    """Only this machine reaches it: answer only to loopback names and `allowed_hosts`, refuse changes asked for by pages of other
    origins, and leave open what is open on loopback."""
    allowed_hosts: Sequence[str] = ()
    """More names to answer to: exact, or ``*.example.com``. When others reach it, none means any."""
    public_url: str = ""
    """What people type to reach it, if that is known: pages from there are our own."""
    body_bytes_max: int = limits.REQUEST_BYTES_MAX
    larger_bodies: Mapping[str, int] = {}
    """By the beginning of paths: limits above `body_bytes_max`."""
    log_requests: bool = False
    """One log line per request. Failed requests are logged in any case."""


class Api(FastAPI):
    """FastAPI behind Wipsie's own middlewares, with its schema completed.

    The middlewares stand outside the framework, not in its list: a fast route then pays for none of the framework's layers.
    """

    def __init__(
        self,
        *,
        routes_of_routers: Sequence[BaseRoute],
        settings: ApiSettings,
        gate: Gate,
        clock: Clock,
        metrics: Metrics,
        other_protocol: OtherProtocol | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._routes_of_routers = routes_of_routers
        self.gate = gate
        self._edge = _build_edge(
            framework=super().__call__,
            routes=routes_of_routers,
            settings=settings,
            clock=clock,
            metrics=metrics,
            other_protocol=other_protocol,
        )

    @property
    def routes_of_routers(self) -> Sequence[BaseRoute]:
        """Every route but the framework's own `/openapi.json`, in the order in which they are matched."""
        return self._routes_of_routers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        scope["app"] = self
        await self._edge(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 schema, built at the first call."""
        return openapi_of(self, self._routes_of_routers)


def _check_permissions(routers: Sequence[APIRouter], rights: RightsTable) -> None:
    for router in routers:
        for route in router.routes:
            permission = route.access.permission if isinstance(route, FastRoute) else None
            if permission is not None and permission not in rights:
                raise ConfigurationError(
                    f"The route {getattr(route, 'path', '?')} asks for {permission}, which no row of the rights table declares."
                )


def _operation_id(route: APIRoute) -> str:
    return route.name


def _build_edge(
    *,
    framework: ASGIApp,
    routes: Sequence[BaseRoute],
    settings: ApiSettings,
    clock: Clock,
    metrics: Metrics,
    other_protocol: OtherProtocol | None,
) -> ASGIApp:
    rule = None
    if settings.loopback_only or settings.allowed_hosts:
        rule = HostRule(allowed_hosts=settings.allowed_hosts, trusted_origins=settings.cors_origins)
    guarded: ASGIApp = Guard(
        FastDispatch(framework, routes),
        clock=clock,
        body_bytes_max=settings.body_bytes_max,
        larger_bodies=settings.larger_bodies,
        host_rule=rule,
    )
    if other_protocol is not None:
        guarded = ProtocolSwitch(guarded, other_protocol, host_rule=rule)
    cors = None
    if settings.cors_origins:
        cors = CORSMiddleware(
            guarded,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
                "X-Correlation-ID",
                "X-Request-ID",
            ),
            allow_credentials="*" not in settings.cors_origins,
            expose_headers=("ETag", "Idempotency-Replayed", "Link", "Location", "Retry-After", "X-Request-ID"),
        )
    return RequestEdge(
        guarded,
        cors=cors,
        framework=framework,
        clock=clock,
        metrics=metrics,
        host_rule=rule,
        log_requests=settings.log_requests,
    )


def build_api(
    *,
    title: str,
    version: str,
    routers: Sequence[APIRouter],
    clock: Clock,
    metrics: Metrics,
    settings: ApiSettings | None = None,
    authenticator: Authenticator | None = None,
    rights: RightsTable | None = None,
    health_checks: Sequence[HealthCheck] = (),
    refresh_metrics: Callable[[], Awaitable[None]] | None = None,
    description: str = "",
    lifespan: Lifespan | None = None,
    other_protocol: OtherProtocol | None = None,
) -> FastAPI:
    """The whole HTTP application.

    `authenticator` says who stands behind a token; without one nobody can sign in. `rights`: ConfigurationError when a route
    asks for a permission that is not in it.
    `routers` are matched in their order: those with hot fast routes first. A fast route stands directly on one of these
    routers; one that is nested deeper works, but slower, and its description is not shown.
    `other_protocol` answers the requests it takes, before any route is looked for.
    """
    all_routers = [
        *routers,
        build_health_router(version=version, checks=health_checks, clock=clock),
        build_metrics_router(metrics=metrics, refresh=refresh_metrics, clock=clock),
        build_docs_router(),
    ]
    settings = settings or ApiSettings()
    if rights is not None:
        _check_permissions(all_routers, rights)
    api = Api(
        routes_of_routers=[route for router in all_routers for route in router.routes],
        settings=settings,
        gate=Gate(
            authenticator or NoAccounts(),
            loopback_only=settings.loopback_only,
            trusted_origins=[
                origin for origin in (*settings.cors_origins, settings.public_url) if origin not in ("*", "")
            ],
        ),
        clock=clock,
        metrics=metrics,
        title=title,
        version=version,
        description=description,
        # Clients are generated with these as names: the function's own, whatever its path becomes.
        generate_unique_id_function=_operation_id,
        # The framework's own pages load their assets from outside.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        other_protocol=other_protocol,
    )
    for router in all_routers:
        api.include_router(router)
    install_error_handlers(api, clock)
    return api
