"""`GET /metrics`: the Prometheus page, with queue gauges brought up to date first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.openapi import Answer, describe
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable
from wipsie.telemetry.logging import get_logger
from wipsie.telemetry.metrics import CONTENT_TYPE, Metrics
from wipsie.workers.outage import Outage

REFRESH_TIMEOUT_S = 2.0

_log = get_logger("wipsie.api.metrics")


class GaugeRefresh:
    """Runs `refresh` for a scrape, bounded; scrapes that come meanwhile share the run, and a slow one runs on alone."""

    def __init__(self, refresh: Callable[[], Awaitable[None]], clock: Clock) -> None:
        self._refresh = refresh
        self._clock = clock
        self._running: asyncio.Future[None] | None = None
        self._old = Outage(_log, "queue_gauges_are_old", clock)

    async def run(self) -> None:
        """Return when the gauges are fresh, or after the time-out or a failure, which are logged: old gauges beat none."""
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._refresh_once())
        if not await self._clock.wait(self._running, REFRESH_TIMEOUT_S):
            self._old.failed(Unavailable("refreshing them takes long"), timeout_s=REFRESH_TIMEOUT_S)

    async def _refresh_once(self) -> None:
        try:
            await self._refresh()
        except Exception as error:
            self._old.failed(error)
        else:
            self._old.over()


def build_metrics_router(*, metrics: Metrics, refresh: Callable[[], Awaitable[None]] | None, clock: Clock) -> APIRouter:
    """The metrics page. `refresh` updates gauges that nobody updates as things happen, such as queue sizes."""
    router = APIRouter(route_class=FastRoute, tags=["health"])
    gauges = GaugeRefresh(refresh, clock) if refresh is not None else None

    @router.get(
        "/metrics",
        summary="Metrics in the Prometheus text format",
        openapi_extra=describe(
            access=PUBLIC,
            answers={200: Answer(type=str, description="The page.", media_type="text/plain")},
        ),
    )
    async def metrics_page(_request: Request) -> Response:
        """All metrics of this process."""
        if gauges is not None:
            await gauges.run()
        return Response(metrics.render(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    # The route holds it.
    del metrics_page
    return router
