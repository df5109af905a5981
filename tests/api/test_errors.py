"""Every error, whoever raises it, is one envelope with a stable code."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from wipsie.telemetry.logging import configure_logging


async def _error(response: aiohttp.ClientResponse) -> dict[str, Any]:
    body = await response.json()
    assert list(body) == ["error"]
    error = body["error"]
    assert list(error) == ["code", "message", "details", "timestamp", "request_id"]
    assert error["request_id"] == response.headers["X-Request-ID"]
    assert error["timestamp"].endswith("Z")
    return error


@pytest.mark.parametrize("side", ["fast", "slow"])
async def test_our_own_errors_keep_code_status_and_details(client: aiohttp.ClientSession, side: str):
    async with client.get(f"/{side}/fails/missing") as response:
        error = await _error(response)
        assert response.status == 404
    assert (error["code"], error["message"]) == ("QUEUE_NOT_FOUND", "There is no queue 'x'.")
    assert error["details"] == {"queue_name": "x"}


@pytest.mark.parametrize("side", ["fast", "slow"])
async def test_an_unknown_exception_never_leaks(client: aiohttp.ClientSession, side: str):
    async with client.get(f"/{side}/fails/unknown") as response:
        error = await _error(response)
        assert response.status == 500
    assert error["code"] == "INTERNAL_ERROR"
    assert "secret detail" not in str(error)


@pytest.mark.parametrize(("kind", "status", "seconds"), [("full", 429, "3"), ("disk", 503, "1")])
async def test_errors_that_pass_say_when_to_come_back(
    client: aiohttp.ClientSession, kind: str, status: int, seconds: str
):
    async with client.get(f"/fast/fails/{kind}") as response:
        await _error(response)
        assert (response.status, response.headers["Retry-After"]) == (status, seconds)


async def test_text_json_cannot_hold_is_shown_escaped(client: aiohttp.ClientSession):
    async with client.get("/fast/fails/odd") as response:
        error = await _error(response)
    assert error["code"] == "QUEUE_NOT_FOUND"
    assert "ud800" in error["message"]


async def test_an_unknown_path_says_where_the_paths_are(client: aiohttp.ClientSession):
    async with client.get("/nowhere") as response:
        error = await _error(response)
        assert response.status == 404
    assert error["code"] == "NOT_FOUND"
    assert "/docs" in error["message"]


@pytest.mark.parametrize(
    ("path", "allowed"), [("/fast/orders", "POST"), ("/slow/orders", "GET, POST"), ("/fast/orders/a", "GET")]
)
async def test_a_wrong_method_names_all_allowed_ones(client: aiohttp.ClientSession, path: str, allowed: str):
    async with client.delete(path) as response:
        error = await _error(response)
        assert (response.status, response.headers["Allow"]) == (405, allowed)
    assert error["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("side", ["fast", "slow"])
async def test_malformed_json_is_400(client: aiohttp.ClientSession, side: str):
    headers = {"Content-Type": "application/json"}
    async with client.post(f"/{side}/orders", data=b'{"name": ', headers=headers) as response:
        error = await _error(response)
        assert (response.status, error["code"]) == (400, "INVALID_JSON")


@pytest.mark.parametrize("body", [b"", b"  ", b"\xff\xfe", b"name=a"])
async def test_a_body_that_is_no_json_at_all_is_400(client: aiohttp.ClientSession, body: bytes):
    async with client.post("/fast/orders", data=body) as response:
        error = await _error(response)
        assert (response.status, error["code"]) == (400, "INVALID_JSON")


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({}, "name", "is required"),
        ({"name": 1}, "name", "expected str, got int"),
        ({"name": "a", "size": 11}, "size", "expected int <= 10"),
        ({"name": "a", "data": {"x": "y"}}, "data[...]", "expected int, got str"),
        ({"name": "a", "nmae": 1}, "nmae", "is unknown"),
        ([], "body", "expected object, got array"),
    ],
)
async def test_a_wrong_field_is_named_by_fast_routes(
    client: aiohttp.ClientSession, body: object, field: str, problem: str
):
    async with client.post("/fast/orders", json=body) as response:
        error = await _error(response)
        assert (response.status, error["code"]) == (422, "VALIDATION_ERROR")
    assert (error["details"]["field"], error["details"]["problem"]) == (field, problem)
    assert error["message"].endswith(".")


async def test_all_wrong_fields_are_listed_by_framework_routes(client: aiohttp.ClientSession):
    async with client.post("/slow/orders", json={"size": "many"}) as response:
        error = await _error(response)
        assert (response.status, error["code"]) == (422, "VALIDATION_ERROR")
    assert {problem["location"] for problem in error["details"]["errors"]} == {"body.name", "body.size"}
    async with client.get("/slow/orders?page=0") as response:
        error = await _error(response)
    assert error["details"]["field"] == "query.page"


async def test_http_exceptions_of_the_framework_keep_their_headers(client: aiohttp.ClientSession):
    async with client.get("/slow/fails/teapot") as response:
        error = await _error(response)
        assert (response.status, response.headers["X-Tea"]) == (418, "green")
    assert (error["code"], error["message"]) == ("IM_A_TEAPOT", "I am a teapot.")


async def test_a_response_that_breaks_off_is_seen_as_cut(client: aiohttp.ClientSession):
    async with client.get("/fast/fails/late") as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_store_that_is_away_does_not_flood_the_log(client: aiohttp.ClientSession, tmp_path: Path):
    configure_logging("INFO", "json", tmp_path / "log")
    try:
        for _ in range(30):
            async with client.get("/fast/fails/disk") as response:
                assert response.status == 503
    finally:
        configure_logging("WARNING")
    refused = [line for line in (tmp_path / "log").read_text().splitlines() if "Request refused" in line]
    # None at all when another test of this server was refused a moment ago.
    assert len(refused) <= 1
