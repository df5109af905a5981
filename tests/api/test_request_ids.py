"""Each request has an id that comes back, and a correlation id that goes on."""

import aiohttp
import pytest

ORDER = {"name": "a"}


async def test_a_request_gets_an_id_that_also_correlates(client: aiohttp.ClientSession):
    async with client.post("/fast/orders", json=ORDER) as response:
        body = await response.json()
        assert response.headers["X-Request-ID"] == body["request_id"] == body["correlation_id"]
        assert body["request_id"].startswith("req-")


async def test_ids_given_by_the_client_are_honoured(client: aiohttp.ClientSession):
    headers = {"X-Request-ID": "mine-1", "X-Correlation-ID": "order:77"}
    async with client.post("/fast/orders", json=ORDER, headers=headers) as response:
        body = await response.json()
        assert (response.headers["X-Request-ID"], body["correlation_id"]) == ("mine-1", "order:77")


@pytest.mark.parametrize("bad", ["x" * 129, "two words", 'quo"te', "<b>"])
async def test_an_id_that_could_do_harm_is_replaced(client: aiohttp.ClientSession, bad: str):
    async with client.get("/health", headers={"X-Request-ID": bad}) as response:
        assert response.headers["X-Request-ID"].startswith("req-")


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/slow/orders", "/slow/fails/unknown", "/docs"])
async def test_every_answer_carries_exactly_one_request_id(client: aiohttp.ClientSession, path: str):
    async with client.get(path) as response:
        assert len(response.headers.getall("X-Request-ID")) == 1
