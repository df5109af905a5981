"""The shared store in Redis: a hash for each value, a number for each bucket, one script for each verb.

Redis' own clock counts, since several machines share it. Keys end by themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, NoScriptError, RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.redis_address import caution, read_options, refused_by_tls, unusable
from wipsie.database.shared_store.bucket import ROUNDING_US, draw, seconds
from wipsie.database.shared_store.contract import Bucket, SharedValue, check_bucket, check_key, check_value
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 2.0
CONNECTIONS_MAX = 16
_WAIT_FOR_CONNECTION_S = 2.0
_RETRY_S = 1.0
_SETTING = "REDIS_URL"
_SCRIPTS = Path(__file__).parent / "lua"
_REFUSALS = (AuthenticationError, AuthorizationError, NoPermissionError)


class RedisSharedStore:
    """A `SharedStore` in Redis 6 or later."""

    def __init__(self, url: str, *, clock: Clock, namespace: str = "wipsie", follow_server_time: bool = True) -> None:
        """`url` is redis:// or rediss://; `namespace` begins every key. `follow_server_time` False takes `clock`, for
        tests that own time. Opens nothing yet. ConfigurationError for a bad URL."""
        self._clock = clock
        self._namespace = namespace
        self._follows_server = follow_server_time
        parts = urlsplit(url)
        self._shown = f"{parts.hostname}:{parts.port or 6379}"
        self._options = read_options(url, _SETTING)
        self.caution = caution(self._options, _SETTING)
        """What an operator should know of the way to Redis, None for nothing."""
        options: dict[str, Any] = {
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_timeout": ANSWER_TIMEOUT_S,
            "socket_keepalive": True,
            **self._options,
            "decode_responses": True,
            # A call whose answer was lost may have been carried out: whether to repeat it is the caller's business.
            "retry": Retry(NoBackoff(), 0),
        }
        self._pool: Any = BlockingConnectionPool(
            max_connections=CONNECTIONS_MAX, timeout=_WAIT_FOR_CONNECTION_S, **options
        )
        self._redis: Any = Redis(connection_pool=self._pool)

    @property
    def is_in_database(self) -> bool:
        return False

    async def start(self) -> None:
        connection = self._pool.make_connection()
        if isinstance(connection, SSLConnection) and (
            sentence := unusable(self._options, cast(Any, connection).ssl_context.get, _SETTING)
        ):
            raise ConfigurationError(sentence, details={"setting": _SETTING})
        try:
            await self.get("start")
        except StorageUnavailable as error:
            if "setting" in error.details:
                raise ConfigurationError(error.message, details=error.details) from error.__cause__
            raise

    async def stop(self) -> None:
        await self._redis.aclose(close_connection_pool=True)

    async def get(self, key: str) -> SharedValue | None:
        check_key(key)
        found = await self._run("get", [self._value_key(key)])
        return None if found is None else SharedValue(found[0], found[1])

    async def set(self, key: str, value: str, *, ttl_s: float) -> int:
        check_key(key)
        check_value(value, ttl_s)
        return await self._run("set", [self._value_key(key)], value, ttl_s * 1e6)

    async def delete(self, key: str) -> bool:
        check_key(key)
        return await self._run("delete", [self._value_key(key)]) == 1

    async def compare_and_set(self, key: str, version: int, value: str, *, ttl_s: float) -> int | None:
        check_key(key)
        check_value(value, ttl_s)
        return await self._run("compare_and_set", [self._value_key(key)], value, ttl_s * 1e6, version)

    async def take(self, key: str, *, rate_per_s: float, burst: float, count: float = 1.0) -> float:
        return await self.take_all([Bucket(key=key, rate_per_s=rate_per_s, burst=burst, count=count)])

    async def take_all(self, buckets: Sequence[Bucket], *, within: AsyncConnection | None = None) -> float:
        del within
        keys: list[str] = []
        times: list[float] = []
        for bucket in buckets:
            check_bucket(bucket)
            wanted = draw(bucket)
            keys.append(f"{self._namespace}:bucket:{bucket.key}")
            times += (wanted.cost_us, wanted.capacity_us)
        if not keys:
            return 0.0
        return seconds(float(await self._run("take", keys, ROUNDING_US, *times)))

    async def prune(self) -> int:
        """Redis does so by itself."""
        return 0

    def _value_key(self, key: str) -> str:
        return f"{self._namespace}:value:{key}"

    async def _run(self, script: str, keys: Sequence[str], *arguments: object) -> Any:
        text, digest = _script(script)
        now_us = "" if self._follows_server else repr(self._clock.now() * 1e6)
        # As text with all its digits: the driver writes numbers the same way, but says so nowhere.
        given = (len(keys), *keys, now_us, *(repr(one) if isinstance(one, float) else one for one in arguments))
        try:
            try:
                return await self._redis.execute_command("EVALSHA", digest, *given)
            except NoScriptError:
                return await self._redis.execute_command("EVAL", text, *given)
        except (RedisError, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> StorageUnavailable:
        if isinstance(error, _REFUSALS):
            return StorageUnavailable(
                f"Redis at {self._shown} refuses this login; check user and password in REDIS_URL.",
                details={"setting": _SETTING},
                retry_after_s=_RETRY_S,
            )
        if (sentence := refused_by_tls(self._shown, error, _SETTING)) is not None:
            return StorageUnavailable(sentence, details={"setting": _SETTING}, retry_after_s=_RETRY_S)
        return StorageUnavailable(
            f"Redis at {self._shown} cannot be used now ({error}); see that it runs, or check REDIS_URL.",
            details={"address": self._shown},
            retry_after_s=_RETRY_S,
        )


@cache
def _script(name: str) -> tuple[str, str]:
    text = (_SCRIPTS / "now.lua").read_text("utf-8") + (_SCRIPTS / f"{name}.lua").read_text("utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
