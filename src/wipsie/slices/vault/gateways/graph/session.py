"""The HTTP session for the Graph API: no proxies of the environment, no cookies, no decompression, no private addresses."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wipsie.slices.vault.gateways.graph.failures import PlaceRefused
from wipsie.slices.vault.gateways.graph.settings import GraphSettings

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver


class Written:
    """Whether a call had a connection: from then on nobody knows how much of it arrived."""

    __slots__ = ("has_connection",)

    def __init__(self) -> None:
        self.has_connection = False


def open_session(settings: GraphSettings) -> aiohttp.ClientSession:
    """Needs a running event loop. Give each request a `Written` as its `trace_request_ctx`."""
    import aiohttp

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(_note)
    tracing.on_connection_reuseconn.append(_note)
    connector = aiohttp.TCPConnector(
        limit=settings.connections_max,
        keepalive_timeout=settings.idle_s,
        # An address is judged at the moment it is used.
        use_dns_cache=False,
        resolver=_public_resolver(urlsplit(settings.url).hostname or ""),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        # What arrives is what is counted and hashed.
        auto_decompress=False,
        headers={"User-Agent": settings.user_agent, "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=settings.connect_timeout_s, sock_read=settings.stall_timeout_s
        ),
        trace_configs=[tracing],
    )


async def _note(_session: Any, context: Any, _parameters: Any) -> None:
    written = context.trace_request_ctx
    if isinstance(written, Written):
        written.has_connection = True


def _public_resolver(exempt_host: str) -> AbstractResolver:
    from aiohttp.abc import AbstractResolver, ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class PublicResolver(AbstractResolver):
        """Refuses a name one of whose addresses is not public, unless it is `exempt_host`."""

        def __init__(self) -> None:
            self._inner = ThreadedResolver()

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = await self._inner.resolve(host, port, family)
            if host != exempt_host and not all(_is_public(one["host"]) for one in found):
                raise PlaceRefused("a host of the Graph API has a private address")
            return found

        async def close(self) -> None:
            await self._inner.close()

    return PublicResolver()


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    judged = inner or parsed
    return judged.is_global and not judged.is_multicast
