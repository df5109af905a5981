"""While only this machine may reach the API, only its own names are answered."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from wipsie.api.application import ApiSettings
from wipsie.api.middleware.host_rule import HostRule
from wipsie.kernel.errors import Forbidden, HostNotAllowed

Serve = Callable[..., Awaitable[aiohttp.ClientSession]]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST",
        "127.0.0.1",
        "127.0.0.1:9",
        "127.8.9.1",
        "[::1]",
        "[::1]:80",
        "a.localhost",
    ],
)
def test_loopback_names_pass_on_any_port(host: str):
    HostRule().check_host(host.encode())


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "127.0.0.1@example.com",
        "192.168.0.1",
        "0.0.0.0",
        "",
        "[",
        "[::ffff:8.8.8.8]",
        "\xff",
    ],
)
def test_other_names_are_refused(host: str):
    with pytest.raises(HostNotAllowed, match="API_ALLOWED_HOSTS"):
        HostRule().check_host(host.encode("latin-1"))


def test_a_missing_or_repeated_host_is_refused():
    rule = HostRule()
    rule.check_host(b"localhost")
    with pytest.raises(HostNotAllowed):
        rule.check_host(None, 0)
    with pytest.raises(HostNotAllowed):
        rule.check_host(b"localhost", 2)


def test_more_names_can_be_allowed_exactly_or_below_a_domain():
    rule = HostRule(allowed_hosts=("wipsie.internal", "*.example.com"))
    rule.check_host(b"wipsie.internal:8000")
    rule.check_host(b"Queue.Example.com")
    with pytest.raises(HostNotAllowed):
        rule.check_host(b"example.com")
    with pytest.raises(HostNotAllowed):
        rule.check_host(b"notexample.com")


def test_a_page_of_a_foreign_origin_may_read_but_not_change():
    rule = HostRule(trusted_origins=("http://app.example.com",))
    rule.check_origin(b"https://evil.example", "GET")
    rule.check_origin(b"http://app.example.com", "POST")
    rule.check_origin(b"http://localhost:4200", "DELETE")
    for origin in (b"https://evil.example", b"null", b"http://localhost.evil.example", b"http://app.example.com.evil"):
        with pytest.raises(Forbidden, match="CORS_ORIGINS"):
            rule.check_origin(origin, "POST")


async def test_the_server_refuses_a_rebound_name(client: aiohttp.ClientSession):
    async with client.get("/health", headers={"Host": "evil.example"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (403, "HOST_NOT_ALLOWED")


async def test_the_server_refuses_a_blind_post_of_a_foreign_page(client: aiohttp.ClientSession):
    async with client.post("/fast/orders", json={"name": "a"}, headers={"Origin": "https://evil.example"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (403, "FORBIDDEN")


async def test_a_server_for_others_answers_to_any_name(serve: Serve):
    client = await serve(settings=ApiSettings(loopback_only=False))
    async with client.get("/health", headers={"Host": "wipsie.example.com"}) as response:
        assert response.status == 200
