"""`GET /health`: the process lives. `GET /health/ready`: what it depends on works, or the reason why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.json_body import json_response
from wipsie.api.openapi import Answer, describe
from wipsie.kernel.clock import Clock, iso_utc
from wipsie.telemetry.logging import get_logger

CHECK_TIMEOUT_S = 2.0

_log = get_logger("wipsie.api.health")


class HealthResult(msgspec.Struct, frozen=True):
    """What a check found: `detail` is one sentence for a person, `data` are figures for a program."""

    ok: bool
    detail: str = ""
    data: dict[str, Any] | None = None


@dataclass(frozen=True)
class HealthCheck:
    """One thing readiness depends on. `check` may raise: that is a red result with the error as its reason."""

    name: str
    check: Callable[[], Awaitable[HealthResult]]


class Liveness(msgspec.Struct):
    """The process answers."""

    status: str
    service: str
    """Always wipsie."""
    version: str
    uptime_s: float
    timestamp: str


class CheckReport(msgspec.Struct, omit_defaults=True):
    """One line of the readiness report."""

    status: str
    """ok or failed."""
    duration_ms: float
    detail: str = ""
    data: dict[str, Any] | None = None


class Readiness(msgspec.Struct, omit_defaults=True):
    """All checks, and the reasons when not ready."""

    status: str
    """ready or not_ready."""
    checks: dict[str, CheckReport]
    timestamp: str
    reason: str = ""


class ReadinessProbe:
    """Runs all checks at the same time, each with its time-out; probes that come meanwhile share the run."""

    def __init__(self, checks: Sequence[HealthCheck], clock: Clock) -> None:
        self._checks = tuple(checks)
        self._clock = clock
        self._running: asyncio.Task[Readiness] | None = None
        self._reason = ""

    async def run(self) -> Readiness:
        """The report; never raises for what a check does, never takes much longer than `CHECK_TIMEOUT_S`."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run_all(), name="wipsie-readiness")
        # Shielded: one impatient client must not cancel the run the others wait for.
        return await asyncio.shield(self._running)

    async def _run_all(self) -> Readiness:
        reports = await asyncio.gather(*(self._run_one(check) for check in self._checks))
        checks = {check.name: report for check, report in zip(self._checks, reports, strict=True)}
        failed = {name: report for name, report in checks.items() if report.status != "ok"}
        reason = "; ".join(f"{name}: {report.detail}" for name, report in failed.items())
        if reason != self._reason:
            # Probes come every few seconds; the log tells of changes.
            self._reason = reason
            if failed:
                _log.warning("Not ready", reason=reason)
            else:
                _log.info("Ready again")
        return Readiness(
            status="not_ready" if failed else "ready",
            checks=checks,
            timestamp=iso_utc(self._clock.now()),
            reason=reason,
        )

    async def _run_one(self, check: HealthCheck) -> CheckReport:
        started_s = self._clock.monotonic()
        task = asyncio.ensure_future(check.check())
        task.add_done_callback(_take_exception)
        try:
            if await self._clock.wait(task, CHECK_TIMEOUT_S):
                result = task.result()
            else:
                result = HealthResult(ok=False, detail=f"no answer within {CHECK_TIMEOUT_S:g} s")
        except Exception as error:
            result = HealthResult(ok=False, detail=f"{type(error).__name__}: {error}")
        finally:
            task.cancel()
        return CheckReport(
            status="ok" if result.ok else "failed",
            duration_ms=round((self._clock.monotonic() - started_s) * 1000, 3),
            detail=result.detail,
            data=result.data,
        )


def _take_exception(task: asyncio.Future[Any]) -> None:
    # A check that fails after its time-out has nobody left to hear it.
    if not task.cancelled():
        task.exception()


def build_health_router(*, version: str, checks: Sequence[HealthCheck], clock: Clock) -> APIRouter:
    """The two health endpoints; uptime counts from this call."""
    router = APIRouter(route_class=FastRoute, tags=["health"])
    probe = ReadinessProbe(checks, clock)
    started_s = clock.monotonic()

    @router.get(
        "/health",
        summary="Is the process alive?",
        openapi_extra=describe(access=PUBLIC, answers={200: Answer(type=Liveness, description="It is.")}),
    )
    async def health(_request: Request) -> Response:
        """Answers without looking at anything else; for liveness probes."""
        return json_response(
            Liveness(
                status="healthy",
                service="wipsie",
                version=version,
                uptime_s=round(clock.monotonic() - started_s, 3),
                timestamp=iso_utc(clock.now()),
            ),
            headers={"Cache-Control": "no-store"},
        )

    @router.get(
        "/health/ready",
        summary="Can it do its work?",
        openapi_extra=describe(
            access=PUBLIC,
            answers={
                200: Answer(type=Readiness, description="All checks pass."),
                503: Answer(type=Readiness, description="At least one check fails; `reason` names it."),
            },
        ),
    )
    async def ready(_request: Request) -> Response:
        """Runs every check at once, each for at most two seconds; for readiness probes and load balancers."""
        report = await probe.run()
        status = 200 if report.status == "ready" else 503
        return json_response(report, status, headers={"Cache-Control": "no-store"})

    # The routes hold them.
    del health, ready
    return router
