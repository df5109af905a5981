"""A body over the limit is refused without being read to its end."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from wipsie.api.application import ApiSettings
from wipsie.kernel import limits

LIMIT = 1000


@pytest.fixture
async def small(serve: Callable[..., Awaitable[aiohttp.ClientSession]]) -> aiohttp.ClientSession:
    return await serve(settings=ApiSettings(body_bytes_max=LIMIT))


async def _chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 100


@pytest.mark.parametrize("path", ["/fast/orders", "/slow/orders"])
async def test_an_announced_body_over_the_limit_is_413(small: aiohttp.ClientSession, path: str):
    async with small.post(path, data=b" " * (LIMIT + 1)) as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (413, "REQUEST_TOO_LARGE")
        assert error["details"] == {"bytes_max": LIMIT}


async def test_the_connection_lives_on_after_a_body_a_little_over_the_limit(small: aiohttp.ClientSession):
    for _ in range(2):
        async with small.post("/fast/orders", data=b" " * (LIMIT + 1)) as response:
            assert response.status == 413
            assert "Connection" not in response.headers
    async with small.post("/fast/orders", data=b'{"name": "a"}') as response:
        assert response.status == 200


async def test_a_client_that_asks_before_sending_is_told_not_to(small: aiohttp.ClientSession):
    async with small.post("/fast/orders", data=b" " * (LIMIT + 1), expect100=True) as response:
        assert (response.status, response.headers["Connection"]) == (413, "close")


@pytest.mark.parametrize("path", ["/fast/orders", "/slow/orders"])
async def test_a_chunked_body_over_the_limit_is_413(small: aiohttp.ClientSession, path: str):
    headers = {"Content-Type": "application/json"}
    async with small.post(path, data=_chunks(11), headers=headers) as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (413, "REQUEST_TOO_LARGE")


async def test_a_body_at_the_limit_passes_either_way(small: aiohttp.ClientSession):
    body = b'{"name": "a"}'.ljust(LIMIT)
    async with small.post("/fast/orders", data=body) as response:
        assert response.status == 200

    async def chunked() -> AsyncIterator[bytes]:
        yield body[:500]
        yield body[500:]

    async with small.post("/fast/orders", data=chunked()) as response:
        assert response.status == 200


async def test_the_default_limit_is_one_mebibyte(client: aiohttp.ClientSession):
    async with client.post(
        "/fast/orders", data=io.BytesIO(b'{"name": "a"}'.ljust(limits.REQUEST_BYTES_MAX))
    ) as response:
        assert response.status == 200
    async with client.post("/fast/orders", data=io.BytesIO(b" " * (limits.REQUEST_BYTES_MAX + 1))) as response:
        assert response.status == 413


ANNOUNCED = b"Content-Length: 99999999999999\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n7D0\r\n" + b" " * 2000 + b"\r\n"


@pytest.mark.parametrize("rest", [ANNOUNCED, CHUNKED])
async def test_the_answer_comes_before_the_rest_of_the_body(small: aiohttp.ClientSession, rest: bytes):
    url = small._base_url  # pyright: ignore[reportPrivateUsage]
    assert url is not None
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        # The body never ends: an answer shows that nobody waited for it.
        writer.write(b"POST /fast/orders HTTP/1.1\r\nHost: localhost\r\n" + rest)
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")
            assert b"connection: close" in (await reader.read()).lower()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_path_may_take_larger_bodies_than_the_others(
    serve: Callable[..., Awaitable[aiohttp.ClientSession]],
) -> None:
    client = await serve(settings=ApiSettings(body_bytes_max=LIMIT, larger_bodies={"/fast/": 2 * LIMIT}))
    body = b'{"name": "a"}'.ljust(2 * LIMIT)
    headers = {"Content-Type": "application/json"}
    for path, data, status in (
        ("/fast/orders", body, 200),
        ("/fast/orders", body + b" ", 413),
        ("/slow/orders", body, 413),
        ("/fast/orders", _chunks(21), 413),
        ("/slow/orders", _chunks(11), 413),
    ):
        async with client.post(path, data=data, headers=headers) as response:
            assert response.status == status, (path, await response.text())
