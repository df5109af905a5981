"""A few connections shared by all calls, opened when needed and again after the server went away.

While the server is away calls fail at once instead of waiting: connecting is tried again at growing intervals, by the
calls themselves.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wipsie.database.urls import ServerAddress
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable, WipsieError
from wipsie.queue.backends.postgres.driver import Session, is_driver_error, open_session
from wipsie.queue.backends.postgres.failures import (
    RETRY_LATER_S,
    TRY_AGAIN,
    ends_session,
    postgres_state,
    storage_error,
    unreachable,
    was_not_sent,
)

ResultT = TypeVar("ResultT")

STATEMENT_TIMEOUT_S = 20.0
_SILENCE_S = 5.0
"""How much longer than the server the driver waits: it gives up only on a server that fell silent."""
_CLOSE_TIMEOUT_S = 3.0
_BACK_OFF_S = (0.1, 5.0)
_TRIES = 8


class Connections:
    """Up to `connections_max` sessions. Lives on one event loop."""

    def __init__(self, server: ServerAddress, *, clock: Clock, connections_max: int) -> None:
        self.server = server
        self._clock = clock
        self._free = asyncio.Semaphore(connections_max)
        self._idle: list[Session] = []
        self._busy: set[Session] = set()
        self._failures = 0
        self._next_try_s = 0.0
        self._last_error: Exception | None = None
        self._is_started = False
        self._settings: dict[str, str] = {}
        self.is_durable = True
        """What the server promises of a commit; known after `start`."""

    @property
    def is_behind_pooler(self) -> bool:
        return self.server.is_behind_pooler

    async def start(self) -> None:
        """Connect once, and learn how durable the server is. StorageUnavailable, ConfigurationError."""
        self._failures, self._next_try_s, self._last_error = 0, 0.0, None
        self._is_started = False
        self._settings = {} if self.is_behind_pooler else _session_settings()
        await self.run(self._learn)
        self._is_started = True

    async def stop(self) -> None:
        """Close what is open; no call may be under way."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(self._close(session) for session in idle))
        for session in list(self._busy):
            session.terminate()

    async def run(self, work: Callable[[Session], Awaitable[ResultT]], *, again: bool = True) -> ResultT:
        """Do `work` on a session, in one transaction of its own or several. `again`: do it again after a deadlock, which
        undid it. Raises StorageUnavailable for what the store is to blame for, InvalidMessageContents for wrong values."""
        for tries_left in range(_TRIES - 1, -1, -1):
            try:
                return await self._run_once(work)
            except Exception as error:
                if tries_left and ((again and postgres_state(error) in TRY_AGAIN) or was_not_sent(error)):
                    continue
                failure = storage_error(error)
                if failure is None or failure is error:
                    raise
                raise failure from error
        raise StorageUnavailable("The queue database is too busy; try again.", retry_after_s=RETRY_LATER_S)

    async def open(self) -> Session:
        """A session of one's own, to be closed by the caller. StorageUnavailable, ConfigurationError."""
        now_s = self._clock.monotonic()
        if self._last_error is not None and now_s < self._next_try_s:
            raise self._cannot_open(self._last_error)
        try:
            session = await open_session(
                self.server.dsn,
                timeout_s=self.server.connect_timeout_s,
                command_timeout_s=STATEMENT_TIMEOUT_S + _SILENCE_S,
                settings=self._settings,
                prepare=not self.is_behind_pooler,
            )
        except Exception as error:
            if not is_driver_error(error) and not isinstance(error, ValueError):
                raise
            self._failures += 1
            first_s, longest_s = _BACK_OFF_S
            pause_s = min(longest_s, first_s * 2 ** min(self._failures - 1, 10)) * random.uniform(0.5, 1.0)
            self._next_try_s = self._clock.monotonic() + pause_s
            self._last_error = error
            raise self._cannot_open(error) from error
        self._failures, self._last_error = 0, None
        return session

    def _cannot_open(self, error: Exception) -> WipsieError:
        failure = unreachable(self.server, error)
        if self._is_started and isinstance(failure, ConfigurationError):
            # It was right when we started, so somebody is working on it: callers may try again.
            return StorageUnavailable(failure.message, details=failure.details, retry_after_s=RETRY_LATER_S)
        return failure

    async def _run_once(self, work: Callable[[Session], Awaitable[ResultT]]) -> ResultT:
        async with self._free:
            session = await self._take()
            self._busy.add(session)
            try:
                if self.is_behind_pooler:
                    # Outside of a transaction the pooler may give each message of a call to another server connection.
                    async with session.transaction():
                        result = await work(session)
                else:
                    result = await work(session)
            except BaseException as error:
                self._busy.discard(session)
                if not isinstance(error, WipsieError) and (not isinstance(error, Exception) or ends_session(error)):
                    session.terminate()
                else:
                    self._give_back(session)
                raise
            self._busy.discard(session)
            self._give_back(session)
            return result

    async def _take(self) -> Session:
        while self._idle:
            session = self._idle.pop()
            if not session.is_closed():
                return session
        return await self.open()

    def _give_back(self, session: Session) -> None:
        if not session.is_closed():
            self._idle.append(session)

    @staticmethod
    async def _close(session: Session) -> None:
        try:
            await session.close(timeout=_CLOSE_TIMEOUT_S)
        except Exception:
            session.terminate()

    async def _learn(self, session: Session) -> None:
        row = await session.fetchrow(
            """SELECT current_setting('server_version_num')::integer, current_setting('fsync')::boolean,
                 current_setting('synchronous_commit'), pg_is_in_recovery()"""
        )
        version, has_fsync, commit, is_standby = row or (0, False, "off", False)
        if version < 130000:
            raise ConfigurationError(
                f"QUEUE_URL: PostgreSQL 13 or later is needed, {self.server.shown} is older ({version // 10000}).",
                details={"setting": "QUEUE_URL"},
            )
        if is_standby:
            raise StorageUnavailable(
                f"The queue database {self.server.shown} is a standby and takes no writes; name the primary in QUEUE_URL.",
                retry_after_s=RETRY_LATER_S,
            )
        if commit == "off" and not self.is_behind_pooler:
            # The server's default would acknowledge what is not on the disk yet.
            self._settings["synchronous_commit"] = "on"
            session.terminate()
            commit = "on"
        self.is_durable = bool(has_fsync) and commit != "off"


def _session_settings() -> dict[str, str]:
    timeout_ms = str(int(STATEMENT_TIMEOUT_S * 1000))
    return {
        "statement_timeout": timeout_ms,
        "lock_timeout": timeout_ms,
        "idle_in_transaction_session_timeout": timeout_ms,
    }
