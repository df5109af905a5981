"""Knows the tokens of ``POST /api/email`` at this moment, wherever they are kept.

They are read again after some minutes, and at once when a sender comes with a token nobody knows: it may be a new one. That
look is shared by all who wait and happens seldom, so that guesses cost its keeper nothing. While the keeper is away the
tokens last known are good, for hours.
"""

from __future__ import annotations

import asyncio
import hmac
import random
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.telemetry.logging import get_logger
from wipsie.workers.outage import Outage

FRESH_S = 300.0
JITTER = 0.1
"""Of the time above: processes that started together do not ask together."""
STALE_S_MAX = 12 * 3600.0
"""A token from before that is good for nothing while its keeper is away."""
LOOK_EVERY_S = 10.0
"""No two looks are closer than this, whoever asks and however the last one ended."""
LOOK_S_MAX = 5.0
QUIET_S_MAX = 2 * FRESH_S
"""After so long without a look, the next sender waits for one: a token that was taken back meanwhile is good no more."""
_RETRY_AFTER_S = 5.0

Generation = Literal["current", "previous"]

_log = get_logger(__name__)


class Tokens(msgspec.Struct, frozen=True):
    """The token senders shall use, and one that is still good while they change over."""

    current: str
    previous: str | None = None

    def __repr__(self) -> str:
        return f"Tokens(…, previous={'…' if self.previous else None})"


class TokenSource(Protocol):
    """Where the tokens are kept."""

    async def read(self) -> Tokens:
        """The tokens as they are now. WipsieError when they cannot be read."""
        ...

    async def stop(self) -> None:
        """Close what was opened."""
        ...


class LocalTokens:
    """Tokens that this process was started with, or that lie in a file beside it."""

    def __init__(self, read: Callable[[], Tokens]) -> None:
        self._read = read

    async def read(self) -> Tokens:
        return self._read()

    async def stop(self) -> None:
        return


class TokenKeeper:
    """One per process; use it from one event loop."""

    def __init__(self, source: TokenSource, *, clock: Clock, metrics: MailMetrics) -> None:
        self._source = source
        self._clock = clock
        self._metrics = metrics
        self._known: Tokens | None = None
        self._read_at_s = 0.0
        self._fresh_until_s = 0.0
        self._look_again_at_s = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._away = Outage(_log, "mail_token_not_read", clock)
        metrics.token_age_s.set_function(self.age_s)

    def age_s(self) -> float:
        """Time since the tokens were read; 0 when they never were."""
        return self._clock.monotonic() - self._read_at_s if self._known is not None else 0.0

    async def check(self, tokens: Sequence[str]) -> bool:
        """Whether all these, at least one, are one token that is good. Unavailable while no token is known."""
        if self._known is None or self.age_s() > STALE_S_MAX or self._is_quiet():
            await self._look()
        found = _match(self._known_now(), tokens)
        if found is None and tokens and await self._look():
            found = _match(self._known_now(), tokens)
        elif self._clock.monotonic() >= self._fresh_until_s:
            # Beside the answer: a keeper that is slow keeps no sender waiting whose token is known.
            self._begin_look()
        if found is None:
            return False
        self._metrics.token_uses.labels(found).inc()
        return True

    async def stop(self) -> None:
        """End a look that is under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _known_now(self) -> Tokens:
        if self._known is None or self.age_s() > STALE_S_MAX:
            raise Unavailable(
                "The token cannot be checked now; send the e-mail again shortly.", retry_after_s=_RETRY_AFTER_S
            )
        return self._known

    def _is_quiet(self) -> bool:
        return self._clock.monotonic() > self._look_again_at_s - LOOK_EVERY_S + QUIET_S_MAX

    async def _look(self) -> bool:
        """Wait until the tokens are read again, unless somebody just did; whether they were."""
        looking = self._begin_look()
        if looking is None:
            return False
        # A sender that leaves must not end what others wait for.
        await asyncio.shield(looking)
        return True

    def _begin_look(self) -> asyncio.Task[None] | None:
        """The look that is under way, or a new one; None when the last was a moment ago."""
        if self._looking is None or self._looking.done():
            now_s = self._clock.monotonic()
            if now_s < self._look_again_at_s:
                return None
            self._look_again_at_s = now_s + LOOK_EVERY_S
            self._looking = asyncio.create_task(self._read(), name="mail-token")
        return self._looking

    async def _read(self) -> None:
        reading = asyncio.ensure_future(self._source.read())
        try:
            if not await self._clock.wait(reading, LOOK_S_MAX):
                raise Unavailable("It does not answer in time.")
            self._known = reading.result()
        except Exception as error:
            # Whatever is wrong with where they are kept: those that are known are good.
            self._away.failed(error)
            return
        finally:
            reading.cancel()
        self._away.over()
        self._read_at_s = self._clock.monotonic()
        # Spreads load, guards nothing.
        self._fresh_until_s = self._read_at_s + FRESH_S * random.uniform(1 - JITTER, 1 + JITTER)


def _match(known: Tokens, given: Sequence[str]) -> Generation | None:
    """Which token all of `given` are. Takes as long for wrong ones as for right ones of the same length."""
    is_current = _all_equal(given, known.current)
    is_previous = known.previous is not None and _all_equal(given, known.previous)
    return "current" if is_current else "previous" if is_previous else None


def _all_equal(given: Sequence[str], token: str) -> bool:
    wanted = token.encode()
    equal = [hmac.compare_digest(one.encode(), wanted) for one in given]
    return bool(equal) and all(equal)
