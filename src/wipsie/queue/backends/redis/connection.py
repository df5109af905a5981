"""Connections to Redis: one command at a time on each, made again when lost, with a pause that grows while Redis is away.

The one place that touches the driver; its types end here.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast
from urllib.parse import urlsplit

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection
from redis.exceptions import ClusterError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from wipsie.database.redis_address import caution, is_secure, read_options, refused_by_tls, unusable
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.queue.backends.redis.failures import certificates_wrong, failed_call, not_reached, refused_at_start
from wipsie.queue.backends.redis.scripts import Script

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 10.0
"""A disk that stalls makes Redis wait with its answer; longer than this counts as lost."""
_READ_BYTES = 256 * 1024
_SETTING = "QUEUE_URL"
_PAUSE_S_MIN = 0.05
_PAUSE_S_MAX = 2.0


class RedisAddress:
    """Where Redis is, how to get a connection, and when it makes sense to try. Shared by all links of a backend."""

    def __init__(self, url: str, clock: Clock) -> None:
        """ConfigurationError for a URL that is none of redis://, rediss:// and unix://."""
        self._clock = clock
        options = read_options(url, _SETTING)
        self._class: type[AbstractConnection] = options.pop("connection_class", Connection)
        self.is_secure = is_secure(url)
        """Whether we speak TLS."""
        self.caution = caution(options, _SETTING)
        """What an operator should know of the way to Redis, None for nothing."""
        self.answer_timeout_s: float = options.pop("socket_timeout", ANSWER_TIMEOUT_S)
        self._connect_timeout_s: float = options.pop("socket_connect_timeout", CONNECT_TIMEOUT_S)
        self._options: dict[str, Any] = {
            "socket_keepalive": True,
            **options,
            # We watch the time ourselves: the driver would start a task for each command to do so.
            "socket_timeout": None,
            "socket_connect_timeout": self._connect_timeout_s,
            "socket_read_size": _READ_BYTES,
            "protocol": 2,
            "decode_responses": False,
        }
        if "path" in options:
            self._options.pop("socket_keepalive")
        split = urlsplit(url)
        self.name: str = options.get("path") or f"{split.hostname or 'localhost'}:{split.port or 6379}"
        """The place without user and password, for sentences."""
        self._failures = 0
        self._failed_at = float("-inf")
        self._closed_until = 0.0

    async def connect(self, *, at_start: bool = False) -> AbstractConnection:
        """A new connection, logged in. StorageUnavailable, at once while the last failure is fresh; at the start also
        ConfigurationError."""
        wait_s = self._closed_until - self._clock.monotonic()
        if wait_s > 0 and not at_start:
            raise StorageUnavailable(
                f"Redis at {self.name} cannot be reached; nothing was stored. Wipsie tries again by itself.",
                retry_after_s=max(1.0, wait_s),
            )
        begun = self._clock.monotonic()
        connection = self._class(**self._options)
        # Read for each connection: a certificate that was renewed meanwhile is used by the next one.
        if isinstance(connection, SSLConnection) and (
            sentence := unusable(self._options, cast("Any", connection).ssl_context.get, _SETTING)
        ):
            raise certificates_wrong(sentence, at_start=at_start)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await connection.connect()
        except (RedisError, OSError) as error:
            await disconnect(connection)
            if self._failed_at < begun:
                # Links that fail together have failed once.
                self._failures += 1
                self._failed_at = self._clock.monotonic()
            # Half fixed and half random: those who lost the server together must not come back together.
            pause_s = min(_PAUSE_S_MAX, _PAUSE_S_MIN * 2 ** min(self._failures, 10)) * (0.5 + random.random() / 2)
            self._closed_until = self._clock.monotonic() + pause_s
            if sentence := refused_by_tls(self.name, error, _SETTING):
                raise certificates_wrong(sentence, at_start=at_start) from error
            refusal = refused_at_start(self.name, error) if at_start else None
            raise (refusal or not_reached(self.name, error, is_secure=self.is_secure)) from error
        self._failures = 0
        self._closed_until = 0.0
        return connection


class RedisLink:
    """One connection. Commands go out in the order they are asked and each waits for its own answer; one may be on its way
    while Redis works on another. Who is cancelled here leaves an answer nobody reads, which costs the connection: calls of
    users come here through lanes, whose tasks are not cancelled."""

    def __init__(self, address: RedisAddress, prefix: str) -> None:
        self._address = address
        self._prefix = prefix
        self._connection: AbstractConnection | None = None
        self._sending = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def open(self) -> None:
        """Connect for the first time. ConfigurationError, StorageUnavailable."""
        async with self._sending:
            connection = self._connection = await self._address.connect(at_start=True)
            try:
                # A server that wants a password says so at the first command.
                async with asyncio.timeout(self._address.answer_timeout_s):
                    await send(connection, "PING")
                    await read(connection)
            except (RedisError, OSError) as error:
                name = self._address.name
                raise (refused_at_start(name, error) or failed_call(name, error)) from error

    async def close(self) -> None:
        """Wait for the calls that are under way, then disconnect."""
        async with self._sending, self._reading:
            connection, self._connection = self._connection, None
            if connection is not None:
                await disconnect(connection)

    async def run(self, script: Script, arguments: list[Any]) -> Any:
        """Run a script. StorageUnavailable: nothing happened, or (said so) it is not known whether it did."""
        try:
            return await self._ask("EVALSHA", script.sha, 1, self._prefix, *arguments)
        except NoScriptError:
            # Redis was started anew or told to forget its scripts. It has not run: sending it again is safe.
            pass
        try:
            return await self._ask("EVAL", script.source, 1, self._prefix, *arguments)
        except NoScriptError as error:
            raise failed_call(self._address.name, error) from error

    async def command(self, *words: str | int) -> Any:
        """Send a plain command. StorageUnavailable."""
        return await self._ask(*words)

    async def _ask(self, *words: Any) -> Any:
        packed = _pack(words)
        async with self._sending:
            connection = self._connection
            if connection is None or _is_closed(connection):
                # Noticed before a command is sent, a lost connection costs a new one; noticed after, nobody knows what
                # became of the command.
                self._connection = None
                if connection is not None:
                    await disconnect(connection)
                connection = self._connection = await self._address.connect()
            try:
                async with asyncio.timeout(self._address.answer_timeout_s):
                    await connection.send_packed_command(packed, check_health=False)
                # Before the next one may send: answers are read in the order of the questions.
                await self._reading.acquire()
            except BaseException as error:
                self._connection = None
                await disconnect(connection)
                if isinstance(error, RedisError | OSError):
                    raise failed_call(self._address.name, error) from error
                raise
        try:
            if connection is not self._connection:
                raise RedisConnectionError("The answer before this one did not come.")
            async with asyncio.timeout(self._address.answer_timeout_s):
                return await read(connection)
        except NoScriptError:
            raise
        except (ResponseError, ClusterError) as error:
            # An answer all the same: the connection is as good as before.
            raise failed_call(self._address.name, error) from error
        except BaseException as error:
            # Whoever reads next would take our answer for its own.
            if connection is self._connection:
                self._connection = None
            if isinstance(error, RedisError | OSError):
                raise failed_call(self._address.name, error) from error
            raise
        finally:
            self._reading.release()
            if connection is not self._connection:
                # Not while somebody sends: the driver does not expect that.
                async with self._sending:
                    await disconnect(connection)


def _is_closed(connection: AbstractConnection) -> bool:
    """Whether we or the server have ended this connection."""
    reader: asyncio.StreamReader | None = getattr(connection, "_reader", None)
    return not connection.is_connected or (reader is not None and reader.at_eof())


def _pack(words: tuple[Any, ...]) -> bytes:
    # The driver packs in Python what its C library packs in a tenth of the time.
    return cast("bytes", cast("Any", hiredis).pack_command(words))


async def read(connection: AbstractConnection, *, timeout_s: float | None = None) -> Any:
    """The next answer; None when there is none within `timeout_s`. RedisError, OSError."""
    return await cast("Any", connection).read_response(timeout=timeout_s, disconnect_on_error=False)


async def send(connection: AbstractConnection, *words: str) -> None:
    """Send a command whose answer is read elsewhere. RedisError, OSError."""
    await connection.send_packed_command(_pack(words), check_health=False)


async def disconnect(connection: AbstractConnection) -> None:
    """Close a connection, whatever state it is in."""
    try:
        await connection.disconnect()
    except (RedisError, OSError):
        # It was lost already.
        return
