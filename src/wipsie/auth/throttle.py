"""Slows down whoever guesses passwords: by account, with pauses that double, and by address. Asked before any hashing.

An attempt counts as failed until it has succeeded, so that guesses made at one moment all count.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

import msgspec

from wipsie.auth.accounts import email_key
from wipsie.auth.keyring import Keyring
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import LoginThrottled

FREE_FAILURES = 4
"""So many may follow each other before the first pause."""
PAUSE_S_MAX = 900.0
PER_MINUTE = 20
PER_HOUR = 200
MAILS_PER_HOUR = 5
"""To one account, asked for by anybody."""
_FORGOTTEN_AFTER_S = 86_400.0
_TRIES_MAX = 5
_PURPOSE = "account names"


class Attempts(msgspec.Struct, frozen=True):
    """What is known of an account: failures in a row, and when the next attempt is let through."""

    failures: int = 0
    open_at_ms: int = 0


_decoder = msgspec.json.Decoder(Attempts)
_encoder = msgspec.json.Encoder()


def pause_s(failures: int) -> float:
    """How long to wait after so many failures in a row."""
    doublings = failures - FREE_FAILURES - 1
    return 0.0 if doublings < 0 else min(2.0**doublings, PAUSE_S_MAX) if doublings < 60 else PAUSE_S_MAX


class LoginThrottle:
    """Shared by all processes through the shared store. Accounts are named by a hash of their address, whether there are
    any or not: who asks learns nothing."""

    def __init__(self, shared: SharedStore, keyring: Callable[[], Keyring], clock: Clock) -> None:
        self._shared = shared
        self._keyring = keyring
        self._clock = clock

    def name_of(self, email: str) -> str:
        """Names an account without telling its address, not even to who tries addresses: 32 hex digits."""
        text = email_key(email).encode("utf-8", "surrogatepass")
        return hmac.digest(self._keyring().derive(_PURPOSE), text, "sha256").hex()[:32]

    async def begin(self, email: str, address: str) -> None:
        """Let one attempt through, and count it. LoginThrottled with the seconds to wait."""
        await self.check_address(address)
        key = self._key(email)
        for _ in range(_TRIES_MAX):
            kept = await self._shared.get(key)
            known = Attempts() if kept is None else _decoder.decode(kept.value)
            now_ms = self._clock.now_ms()
            if now_ms < known.open_at_ms:
                raise _throttled((known.open_at_ms - now_ms) / 1000)
            failures = known.failures + 1
            counted = Attempts(failures, now_ms + round(pause_s(failures) * 1000))
            version = 0 if kept is None else kept.version
            text = _encoder.encode(counted).decode()
            if await self._shared.compare_and_set(key, version, text, ttl_s=_FORGOTTEN_AFTER_S) is not None:
                return
        raise _throttled(1.0)

    async def check_address(self, address: str) -> None:
        """Count one request of an address that costs a hash or a mail. LoginThrottled."""
        network = _network(address)
        for name, per, count in (("minute", 60.0, PER_MINUTE), ("hour", 3600.0, PER_HOUR)):
            wait_s = await self._shared.take(f"login:{name}:{network}", rate_per_s=count / per, burst=count)
            if wait_s:
                raise _throttled(wait_s)

    async def forget(self, email: str) -> None:
        """An attempt succeeded, or somebody vouches for the account."""
        await self._shared.delete(self._key(email))

    async def may_mail(self, email: str) -> bool:
        """Whether one more mail may be sent to an account because somebody asked for it, and count it."""
        name = f"login:mail:{self.name_of(email)}"
        return not await self._shared.take(name, rate_per_s=MAILS_PER_HOUR / 3600, burst=MAILS_PER_HOUR)

    def _key(self, email: str) -> str:
        return f"login:account:{self.name_of(email)}"


def _network(address: str) -> str:
    """The address, or for IPv6 the network a single customer gets."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False).network_address)


def _throttled(wait_s: float) -> LoginThrottled:
    return LoginThrottled("Too many logins failed; wait, then try again.", retry_after_s=wait_s)
