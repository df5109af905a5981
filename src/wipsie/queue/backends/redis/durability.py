"""How far this Redis keeps what it accepted: what it says about its log of writes, and what that means."""

from __future__ import annotations

from typing import Protocol

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.queue.backends.redis.connection import RedisAddress, RedisLink


class RedisClient(Protocol):
    """Anything that sends plain commands."""

    async def command(self, *words: str | int) -> list[bytes]: ...


class DurabilityFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says about itself; None where it does not say (managed services often do not)."""

    appendonly: str | None
    appendfsync: str | None
    maxmemory_policy: str | None
    no_appendfsync_on_rewrite: str | None = None
    sentence: str | None
    """What a person should know or do; None when everything accepted is kept."""

    @property
    def durable(self) -> bool:
        """Everything accepted survives a power cut, as far as Redis can promise it."""
        return (
            self.appendonly == "yes"
            and self.appendfsync == "always"
            and self.no_appendfsync_on_rewrite != "yes"
            and not self.may_evict
        )

    @property
    def may_evict(self) -> bool:
        """Under pressure of memory Redis may throw messages away."""
        # Policies named volatile-… take only keys with an expiry, and queues have none.
        return self.maxmemory_policy is not None and self.maxmemory_policy.startswith("allkeys")


async def examine(client: RedisClient) -> DurabilityFinding:
    """Ask a server how it keeps its data. StorageUnavailable when it cannot be asked at all."""
    appendonly = await _setting(client, "appendonly")
    appendfsync = await _setting(client, "appendfsync")
    policy = await _setting(client, "maxmemory-policy")
    pauses = await _setting(client, "no-appendfsync-on-rewrite")
    finding = DurabilityFinding(
        appendonly=appendonly,
        appendfsync=appendfsync,
        maxmemory_policy=policy,
        no_appendfsync_on_rewrite=pauses,
        sentence=None,
    )
    return msgspec.structs.replace(finding, sentence=_sentence(finding))


async def examine_url(url: str, clock: Clock) -> DurabilityFinding:
    """`examine` the server at a URL. StorageUnavailable, ConfigurationError."""
    link = RedisLink(RedisAddress(url, clock), "")
    await link.open()
    try:
        return await examine(link)
    finally:
        await link.close()


async def _setting(client: RedisClient, name: str) -> str | None:
    try:
        answer = await client.command("CONFIG", "GET", name)
    except StorageUnavailable:
        # Forbidden, as managed services do: whether the server is there at all shows elsewhere.
        return None
    return answer[1].decode() if len(answer) == 2 else None


def _sentence(finding: DurabilityFinding) -> str | None:
    if finding.may_evict:
        return (
            f"Redis throws messages away when its memory is full (maxmemory-policy {finding.maxmemory_policy}); "
            "set maxmemory-policy noeviction."
        )
    if finding.appendonly is None or finding.appendfsync is None:
        return (
            "Redis does not say how it keeps its data (CONFIG GET is not allowed); make sure that appendonly is yes "
            "and appendfsync always, or messages that were accepted may be lost with the server."
        )
    if finding.appendonly != "yes":
        return (
            "Redis keeps no log of its writes (appendonly no): messages that were accepted are lost when it ends; "
            "set appendonly yes and appendfsync always."
        )
    if finding.appendfsync != "always":
        return (
            f"Redis writes its log to disk too late (appendfsync {finding.appendfsync}): a crash of the machine loses "
            "the messages of about the last second; set appendfsync always."
        )
    if finding.no_appendfsync_on_rewrite == "yes":
        return (
            "Redis does not write its log to disk while it tidies it up (no-appendfsync-on-rewrite yes): a crash of the "
            "machine meanwhile loses messages; set no-appendfsync-on-rewrite no."
        )
    return None
