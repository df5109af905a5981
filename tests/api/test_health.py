"""Liveness says that the process answers; readiness says what does not work, and never hangs."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from wipsie.api import health
from wipsie.api.health import HealthCheck, HealthResult, ReadinessProbe
from wipsie.kernel.clock import SystemClock

Serve = Callable[..., Awaitable[aiohttp.ClientSession]]


async def _green() -> HealthResult:
    return HealthResult(ok=True, data={"free_bytes": 7})


async def _red() -> HealthResult:
    return HealthResult(ok=False, detail="2 migrations are pending; run `wipsie migrate`.")


async def _broken() -> HealthResult:
    raise ConnectionError("refused")


class _Impatient(SystemClock):
    """Time-outs end at once."""

    async def wait(self, future: "asyncio.Future[HealthResult]", timeout_s: float) -> bool:
        return await super().wait(future, 0.01 if timeout_s == health.CHECK_TIMEOUT_S else timeout_s)


async def test_liveness_tells_version_and_uptime(client: aiohttp.ClientSession):
    async with client.get("/health") as response:
        body = await response.json()
        assert response.status == 200
    assert (body["status"], body["version"]) == ("healthy", "1.2.3")
    assert body["uptime_s"] >= 0
    assert body["timestamp"].endswith("Z")


async def test_ready_when_every_check_passes(serve: Serve):
    client = await serve(health_checks=[HealthCheck("disk", _green)])
    async with client.get("/health/ready") as response:
        body = await response.json()
        assert (response.status, body["status"]) == (200, "ready")
    assert body["checks"]["disk"]["status"] == "ok"
    assert body["checks"]["disk"]["data"] == {"free_bytes": 7}


async def test_not_ready_names_each_reason(serve: Serve):
    checks = [HealthCheck("disk", _green), HealthCheck("database", _red), HealthCheck("queue", _broken)]
    client = await serve(health_checks=checks)
    async with client.get("/health/ready") as response:
        body = await response.json()
        assert (response.status, body["status"]) == (503, "not_ready")
    assert body["reason"] == (
        "database: 2 migrations are pending; run `wipsie migrate`.; queue: ConnectionError: refused"
    )
    assert body["checks"]["disk"]["status"] == "ok"


async def test_a_check_that_hangs_is_red_and_is_cancelled():
    ended = asyncio.Event()

    async def hang() -> HealthResult:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return HealthResult(ok=True)

    report = await ReadinessProbe([HealthCheck("queue", hang)], _Impatient()).run()
    assert report.reason == "queue: no answer within 2 s"
    await asyncio.wait_for(ended.wait(), 5)


async def test_probes_at_the_same_time_share_one_run():
    runs = 0

    async def count() -> HealthResult:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        return HealthResult(ok=True)

    probe = ReadinessProbe([HealthCheck("queue", count)], SystemClock())
    reports = await asyncio.gather(*(probe.run() for _ in range(5)))
    assert runs == 1
    assert all(report.status == "ready" for report in reports)


async def test_the_metrics_page_is_refreshed_first_and_survives_a_failing_refresh(serve: Serve):
    calls = 0

    async def refresh() -> None:
        nonlocal calls
        calls += 1
        raise ConnectionError("refused")

    client = await serve(refresh_metrics=refresh)
    async with client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert calls == 1


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("GET", "/fast/orders/abc", 'endpoint="/fast/orders/{name}",method="GET",status="200"'),
        ("GET", "/slow/fails/missing", 'endpoint="/slow/fails/{kind}",method="GET",status="404"'),
        ("GET", "/nowhere/abc", 'endpoint="(none)",method="GET",status="404"'),
        ("PROPFIND", "/health", 'method="OTHER",status="405"'),
    ],
)
async def test_requests_are_counted_by_route_template(client: aiohttp.ClientSession, method: str, path: str, line: str):
    async with client.request(method, path):
        pass
    async with client.get("/metrics") as response:
        page = await response.text()
    assert line in page
    assert "abc" not in page
