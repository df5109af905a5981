"""Which addresses a message may make Wipsie talk to."""

from __future__ import annotations

import socket

import aiohttp.abc
import pytest

from wipsie.slices.tasks.gateways.addresses import AddressPolicy, is_public, literal_address
from wipsie.slices.tasks.gateways.http_client import HttpClient, HttpClientSettings, without_credentials
from wipsie.slices.tasks.gateways.http_errors import AddressRefused, HttpRefused
from wipsie.slices.tasks.gateways.resolver import GuardedResolver
from wipsie.testing.simulators.http_source import HttpSource

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.192",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "no address",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_off_the_public_internet_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "017700000001"]
)
def test_every_way_to_write_an_address_is_understood(host: str) -> None:
    assert literal_address(host) == "127.0.0.1"


def test_a_name_is_no_address() -> None:
    assert literal_address("example.org") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://2130706433:1/",
        "http://0x7f.1:1/",
        "http://0177.0.0.1:1/",
        "http://[::1]:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://user:secret@127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
    ],
)
async def test_a_request_to_a_private_address_is_refused_before_it_is_sent(url: str) -> None:
    client = HttpClient(AddressPolicy(), HttpClientSettings(total_timeout_s=5))
    try:
        with pytest.raises(AddressRefused) as refusal:
            await client.get(url)
    finally:
        await client.stop()
    assert refusal.value.code == "ADDRESS_REFUSED"
    assert "secret" not in refusal.value.reason


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://a/",
        "ftp://a/",
        "http://",
        "http:///path",
        "//a/b",
        "http://a b/",
        "http://a:99999/",
    ],
)
async def test_what_is_no_http_url_is_refused(url: str) -> None:
    client = HttpClient(AddressPolicy())
    try:
        with pytest.raises(HttpRefused) as refusal:
            await client.get(url)
    finally:
        await client.stop()
    assert refusal.value.code == "URL_INVALID"


class RebindingResolver(aiohttp.abc.AbstractResolver):
    """Answers with a public address first, and with a private one from the second question on."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        self.asked += 1
        address = "93.184.215.14" if self.asked == 1 else "127.0.0.1"
        return [aiohttp.abc.ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None: ...


async def test_a_name_that_changes_its_address_is_judged_each_time() -> None:
    resolver = GuardedResolver(AddressPolicy(), RebindingResolver())
    assert (await resolver.resolve("rebind.test"))[0]["host"] == "93.184.215.14"
    with pytest.raises(AddressRefused):
        await resolver.resolve("rebind.test")


async def test_a_host_on_the_list_may_have_any_address() -> None:
    policy = AddressPolicy(allowed_hosts=frozenset({"intranet.test"}))
    inner = RebindingResolver()
    inner.asked = 1
    resolver = GuardedResolver(policy, inner)
    assert (await resolver.resolve("intranet.test"))[0]["host"] == "127.0.0.1"
    with pytest.raises(AddressRefused):
        await resolver.resolve("other.test")


def test_credentials_and_fragments_are_not_shown() -> None:
    assert without_credentials("https://ann:secret@a.example:8443/p?q=1#f") == "https://a.example:8443/p?q=1"


async def test_a_grant_opens_one_port_of_one_address_as_it_is_written() -> None:
    async with HttpSource() as granted, HttpSource() as other:
        granted.serve("/a", b"[1]")
        granted.redirect("/away", other.url("/a"))
        port = int(granted.url("").rpartition(":")[2])
        policy = AddressPolicy(grants=lambda host, asked: (host, asked) == ("127.0.0.1", port))
        client = HttpClient(policy, HttpClientSettings(total_timeout_s=5))
        try:
            assert (await client.get(granted.url("/a"))).content == b"[1]"
            for url in (
                other.url("/a"),
                granted.url("/away"),
                f"http://localhost:{port}/a",
                f"http://2130706433:{port}/a",
                f"http://127.0.0.2:{port}/a",
            ):
                with pytest.raises(AddressRefused):
                    await client.get(url)
        finally:
            await client.stop()
        assert other.requests == []
