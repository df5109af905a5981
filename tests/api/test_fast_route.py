"""Fast routes behave like any other route, and are documented like one."""

import aiohttp
import pytest
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.json_body import json_response
from wipsie.api.middleware.fast_dispatch import FastDispatch
from wipsie.api.openapi import describe
from wipsie.kernel.errors import ConfigurationError


async def _answer(request: Request) -> Response:
    return json_response({"path": request.url.path})


async def test_path_parameters_reach_the_endpoint(client: aiohttp.ClientSession):
    async with client.get("/fast/orders/b%20c") as response:
        assert await response.json() == {"name": "b c"}


async def test_the_schema_shows_bodies_answers_parameters_and_errors(client: aiohttp.ClientSession):
    async with client.get("/openapi.json") as response:
        schema = await response.json()
    assert schema["openapi"].startswith("3.1")
    operation = schema["paths"]["/fast/orders"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Order"}
    assert content["examples"]["small"]["value"] == {"name": "a", "size": 1}
    assert operation["description"] == "Takes an order."
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Ordered")
    assert {"404", "default"} <= set(operation["responses"])
    parameters = {
        parameter["name"]: parameter for parameter in schema["paths"]["/fast/orders/{name}"]["get"]["parameters"]
    }
    assert parameters["name"]["in"] == "path"
    assert parameters["max"]["schema"] == {"type": "integer", "minimum": 1, "default": 1}
    assert schema["components"]["schemas"]["Order"]["properties"]["size"]["maximum"] == 10


async def test_every_operation_answers_errors_with_the_envelope(client: aiohttp.ClientSession):
    async with client.get("/openapi.json") as response:
        text, schema = await response.text(), await response.json()
    assert "HTTPValidationError" not in text
    assert {"ErrorEnvelope", "ErrorBody"} <= set(schema["components"]["schemas"])
    errors = schema["components"]["responses"]
    for error in errors.values():
        assert error["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorEnvelope"}
    for operations in schema["paths"].values():
        for operation in operations.values():
            referred = operation["responses"]["default"]["$ref"]
            assert referred.removeprefix("#/components/responses/") in errors


async def test_the_docs_page_needs_nothing_from_outside(client: aiohttp.ClientSession):
    async with client.get("/docs") as response:
        page = await response.text()
        assert response.content_type == "text/html"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "http://" not in page
    assert "https://" not in page


def test_dependencies_are_refused_because_they_would_not_run():
    router = APIRouter(route_class=FastRoute, dependencies=[Depends(lambda: None)])
    with pytest.raises(ConfigurationError, match="cannot have dependencies"):
        router.get("/x", openapi_extra=describe(access=PUBLIC))(_answer)


def test_an_endpoint_of_another_shape_is_refused():
    async def two(request: Request, page: int) -> Response:
        return await _answer(request)

    with pytest.raises(ConfigurationError, match="/x"):
        APIRouter(route_class=FastRoute).get("/x")(two)


def test_a_fast_route_never_overtakes_a_route_that_stands_before_it():
    slow, fast = APIRouter(), APIRouter(route_class=FastRoute)
    slow.get("/a/{name}")(_answer)
    for path in ("/a/b", "/{any}/c", "/d"):
        fast.get(path, openapi_extra=describe(access=PUBLIC))(_answer)

    async def never(*_: object) -> None: ...

    assert [route.path for route in FastDispatch(never, [*slow.routes, *fast.routes]).routes] == ["/d"]


def test_a_route_that_does_not_say_who_may_use_it_is_refused():
    with pytest.raises(ConfigurationError, match="does not say who may use it"):
        APIRouter(route_class=FastRoute).get("/x")(_answer)
