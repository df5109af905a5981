"""TLS on the way to Redis: a private authority is named in the URL, and a certificate that does not fit is refused in words."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from redis_places import QUEUE, acknowledge, message, opened, running, sent

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import RedisServer
from wipsie.testing.servers.certificates import Authority
from wipsie.testing.servers.fixtures import obtained
from wipsie.testing.servers.redis import RedisTls


@pytest.fixture
def authority(redis_server: RedisServer, server_folder: Path, servers_required: bool) -> Authority:
    """One of each test's own: its file is replaced by some. (`redis_server` skips, or fails, where there is no Redis.)"""
    del redis_server
    return obtained(lambda: Authority(server_folder), servers_required)


def tls_of(authority: Authority, *, host: str = "IP:127.0.0.1", asks_clients: bool = False) -> RedisTls:
    """A server with a certificate for `host` by `authority`."""
    signed = authority.sign("server", host=host)
    return RedisTls(
        certificate=signed.certificate,
        key=signed.key,
        authority=authority.certificate,
        asks_clients=asks_clients,
    )


@asynccontextmanager
async def secure(
    authority: Authority, folder: Path, *, host: str = "IP:127.0.0.1", asks_clients: bool = False
) -> AsyncGenerator[RedisServer]:
    """A Redis of this test that speaks TLS only, with a certificate for `host`."""
    tls = tls_of(authority, host=host, asks_clients=asks_clients)
    async with running(folder, tls=tls, password="geheim") as server:
        yield server


async def refusal_at_start(url: str) -> ConfigurationError | StorageUnavailable:
    """How a backend refuses to start, after checking that it shows no secret."""
    with pytest.raises((ConfigurationError, StorageUnavailable)) as refusal:
        await start_and_stop(url)
    assert "geheim" not in f"{refusal.value.message} {refusal.value.details}"
    return refusal.value


async def start_and_stop(url: str) -> None:
    backend = RedisQueueBackend(url, clock=SystemClock())
    try:
        await backend.start()
    finally:
        await backend.stop()


async def passes_messages(left: RedisQueueBackend, right: RedisQueueBackend) -> None:
    """A send of one process wakes a receiver of another, which acknowledges."""
    waiting = asyncio.create_task(right.receive(QUEUE, wait_s=20.0))
    sent(await left.send([message("secret")]))
    (delivery,) = await waiting
    assert delivery.body == "secret"
    await acknowledge(right, [delivery])
    assert (await left.counts(QUEUE)).total == 0


async def test_messages_pass_where_a_private_authority_named_in_the_url_signed_the_certificate(
    authority: Authority, server_folder: Path
) -> None:
    async with (
        secure(authority, server_folder) as server,
        opened(server, namespace="test-tls") as left,
        opened(server, namespace="test-tls") as right,
    ):
        assert server.url().startswith("rediss://")
        assert left.capabilities.durable
        await passes_messages(left, right)


async def test_a_certificate_of_an_authority_nobody_named_is_refused(authority: Authority, server_folder: Path) -> None:
    other = Authority(server_folder, "other")
    async with secure(authority, server_folder) as server:
        plain_url = server.url().partition("?")[0]
        for url in (plain_url, f"{plain_url}?ssl_ca_certs={quote(str(other.certificate))}"):
            refusal = await refusal_at_start(url)
            assert isinstance(refusal, ConfigurationError)
            assert f"127.0.0.1:{server.port} is not trusted" in refusal.message
            assert "ssl_ca_certs" in refusal.message


async def test_a_certificate_for_another_host_is_refused(authority: Authority, server_folder: Path) -> None:
    async with secure(authority, server_folder, host="DNS:redis.example.org") as server:
        for url in (server.url(), server.url().replace("127.0.0.1", "localhost")):
            refusal = await refusal_at_start(url)
            assert isinstance(refusal, ConfigurationError)
            assert "is for another host" in refusal.message
        async with opened(server, options="&ssl_check_hostname=false") as backend:
            assert "ssl_check_hostname" in (backend.capabilities.caution or "")


async def test_a_check_that_is_switched_off_is_told_to_the_operator(authority: Authority, server_folder: Path) -> None:
    async with secure(authority, server_folder) as server:
        async with opened(server) as backend:
            assert backend.capabilities.caution is None
        async with opened(server, options="&ssl_cert_reqs=none") as backend:
            assert "ssl_cert_reqs=none" in (backend.capabilities.caution or "")


async def test_a_server_that_asks_its_clients_gets_the_certificate_named_in_the_url(
    authority: Authority, server_folder: Path
) -> None:
    stranger = Authority(server_folder, "other").sign("client")
    client = authority.sign("client")
    async with secure(authority, server_folder, asks_clients=True) as server:
        foreign = (
            f"{server.url()}&ssl_certfile={quote(str(stranger.certificate))}&ssl_keyfile={quote(str(stranger.key))}"
        )
        for url in (server.url(), foreign):
            assert "ssl_certfile" in (await refusal_at_start(url)).message
        locked = authority.lock(client, "geheim")
        own = f"&ssl_certfile={quote(str(client.certificate))}"
        for key in (f"&ssl_keyfile={quote(str(client.key))}", f"&ssl_keyfile={quote(str(locked))}&ssl_password=geheim"):
            async with opened(server, options=own + key) as backend:
                await passes_messages(backend, backend)
        # OpenSSL would ask at the terminal.
        assert (
            "ssl_password" in (await refusal_at_start(f"{server.url()}{own}&ssl_keyfile={quote(str(locked))}")).message
        )


async def test_a_certificate_that_fits_no_longer_is_an_outage_in_words_and_its_renewal_ends_it(
    authority: Authority, server_folder: Path
) -> None:
    successor = Authority(server_folder, "successor")
    renewed = successor.sign("server")
    tls = tls_of(authority)
    async with running(server_folder, tls=tls) as server, opened(server) as backend:
        sent(await backend.send([message("before")]))
        await asyncio.to_thread(server.stop)
        shutil.copy(renewed.certificate, tls.certificate)
        shutil.copy(renewed.key, tls.key)
        trusted = tls.authority.read_bytes()
        shutil.copy(successor.certificate, tls.authority)
        await asyncio.to_thread(server.start)
        tls.authority.write_bytes(trusted)

        async def is_told() -> bool:
            with pytest.raises(StorageUnavailable) as refusal:
                await backend.send([message("never")])
            assert refusal.value.retry_after_s
            return "is not trusted" in refusal.value.message

        await eventually(is_told, 10.0, "the refusal says that the certificate is not trusted")
        shutil.copy(successor.certificate, tls.authority)

        async def takes_messages() -> bool:
            try:
                sent(await backend.send([message("after")]))
            except StorageUnavailable:
                return False
            return True

        await eventually(takes_messages, 10.0, "the renewed file is read without a restart")
        assert [one.body for one in await backend.receive(QUEUE, max_messages=10)] == ["before", "after"]


async def test_tls_on_one_side_only_is_told_with_the_url_that_fits(authority: Authority, server_folder: Path) -> None:
    async with secure(authority, server_folder) as server:
        plain_url = server.url().partition("?")[0].replace("rediss://", "redis://")
        assert "rediss://" in (await refusal_at_start(plain_url)).message
    async with running(server_folder / "plain") as server:
        secure_url = server.url().replace("redis://", "rediss://") + "?socket_connect_timeout=0.5"
        assert "redis://" in (await refusal_at_start(secure_url)).message


async def test_options_that_cannot_be_used_are_named(authority: Authority, server_folder: Path) -> None:
    client, other = authority.sign("client"), authority.sign("other")
    pair = f"ssl_certfile={quote(str(client.certificate))}&ssl_keyfile="
    for options, words in (
        ("ssl_ca_certs=/nowhere/ca.pem", "/nowhere/ca.pem, named by ssl_ca_certs"),
        (f"ssl_ca_certs={quote(str(client.key))}", "PEM"),
        (f"{pair}/nowhere/client.key", "/nowhere/client.key, named by ssl_keyfile"),
        (f"{pair}{quote(str(other.key))}", "of one pair"),
        (f"ssl_keyfile={quote(str(client.key))}", "needs ssl_certfile"),
        ("ssl_cert_reqs=maybe", "required, optional, none"),
        ("ssl_ciphers=none-such", "TLS options"),
        ("ssl_min_version=7", "TLS options"),
        ("ssl_foo=1", "'ssl_foo'"),
    ):
        refusal = await refusal_at_start(f"rediss://:geheim@127.0.0.1:1/0?{options}")
        assert isinstance(refusal, ConfigurationError), options
        assert words in refusal.message, options
        assert refusal.details == {"setting": "QUEUE_URL"}


async def test_tls_options_without_tls_are_refused() -> None:
    refusal = await refusal_at_start("redis://127.0.0.1:1/0?ssl_ca_certs=/nowhere/ca.pem")
    assert "ssl_ca_certs" in refusal.message
