"""Name resolution that hands out public addresses only, at the moment of connecting: rebinding a name gains nothing."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from wipsie.slices.tasks.gateways.addresses import AddressPolicy, first_refused
from wipsie.slices.tasks.gateways.http_errors import AddressRefused


class GuardedResolver(AbstractResolver):
    """Asks `inner` and refuses a name as soon as one of its addresses is not public."""

    def __init__(self, policy: AddressPolicy, inner: AbstractResolver) -> None:
        self._policy = policy
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not self._policy.exempts(host):
            refused = first_refused([result["host"] for result in found])
            if refused is not None:
                raise AddressRefused(host, refused)
        return found

    async def close(self) -> None:
        await self._inner.close()


def guarded_resolver(policy: AddressPolicy) -> GuardedResolver:
    """Over the system's own resolver; needs a running event loop."""
    return GuardedResolver(policy, ThreadedResolver())
