"""Pages of the configured origins can use the API and read its errors."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from wipsie.api.application import ApiSettings

ORIGIN = "http://localhost:4200"


@pytest.fixture
async def client(serve: Callable[..., Awaitable[aiohttp.ClientSession]]) -> aiohttp.ClientSession:
    return await serve(settings=ApiSettings(cors_origins=(ORIGIN,)))


@pytest.mark.parametrize(
    "path", ["/health", "/nowhere", "/fast/fails/unknown", "/slow/fails/unknown", "/slow/orders?page=0"]
)
async def test_answers_and_errors_carry_the_headers_a_page_needs(client: aiohttp.ClientSession, path: str):
    async with client.get(path, headers={"Origin": ORIGIN}) as response:
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "X-Request-ID" in response.headers["Access-Control-Expose-Headers"]


async def test_a_preflight_is_answered(client: aiohttp.ClientSession):
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, idempotency-key",
    }
    async with client.options("/fast/orders", headers=headers) as response:
        assert response.status == 200
        assert "X-Request-ID" in response.headers


async def test_other_origins_get_no_permission(client: aiohttp.ClientSession):
    async with client.get("/health", headers={"Origin": "https://evil.example"}) as response:
        assert "Access-Control-Allow-Origin" not in response.headers
