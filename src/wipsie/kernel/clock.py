"""The only source of time: everything that waits or stamps takes a `Clock`, so tests can own time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Protocol


class Clock(Protocol):
    """Wall time, monotonic time and waiting, in seconds unless the name says otherwise."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch; the unit of every durable timestamp."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go backwards; for durations only."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock have passed."""
        ...

    async def wait(self, future: asyncio.Future[Any], timeout_s: float) -> bool:
        """Wait until `future` is done or `timeout_s` passed; True when done. The future is left alone either way."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()

    @staticmethod
    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, future: asyncio.Future[Any], timeout_s: float) -> bool:
        if not future.done():
            await asyncio.wait((future,), timeout=max(0.0, timeout_s))
        return future.done()


SYSTEM_CLOCK = SystemClock()
"""For waiting for what other processes do, which no clock of a test moves: for a lock of theirs, for example."""


def block(seconds: float) -> None:
    """The same for a thread that may stand still."""
    time.sleep(seconds)


def utc_datetime(epoch_ms: int) -> datetime:
    """An aware UTC datetime for milliseconds since the epoch."""
    return datetime.fromtimestamp(epoch_ms / 1000, tz=UTC)


class _SecondPrefix:
    """Remembers the text of the last second: most timestamps of a busy process share it."""

    __slots__ = ("second", "text")

    def __init__(self) -> None:
        self.second = -1
        self.text = ""


_prefix = _SecondPrefix()


def iso_utc(epoch_s: float) -> str:
    """ISO 8601 in UTC with microseconds, for example ``2025-10-04T14:06:02.648981Z``."""
    micros = int(epoch_s * 1_000_000)
    second, micro = divmod(micros, 1_000_000)
    if second != _prefix.second:
        # Text first: another thread that sees the new second must also see its text.
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        _prefix.text, _prefix.second = text, second
        return f"{text}{micro:06d}Z"
    return f"{_prefix.text}{micro:06d}Z"


def iso_utc_ms(epoch_ms: int) -> str:
    """`iso_utc` for milliseconds since the epoch."""
    return iso_utc(epoch_ms / 1000)
