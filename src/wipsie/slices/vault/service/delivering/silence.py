"""Numbers of ours that are silent: begun by whoever is refused, heeded by all, and ended by whoever is heard again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.sending.pauses import Pause
from wipsie.slices.vault.jobs import DeliverJob, job_message
from wipsie.slices.vault.store.deliveries import waiting_owners
from wipsie.slices.vault.store.pauses import PausedNumber, end_pause, pause, take_probe, try_now
from wipsie.telemetry.logging import get_logger

OWNERS_WOKEN_MAX: Final = 1_000
"""At the end of a silence; the others have jobs of their own, which come somewhat later."""

_log = get_logger(__name__)


class Silence:
    """One per process."""

    def __init__(self, token: Callable[[], str], clock: Clock) -> None:
        """`token`: the one that is used now."""
        self._token = token
        self._clock = clock
        self._refused: dict[str, str] = {}
        """By number: digest of the token with which it fell silent, as far as this process has seen."""

    async def try_all(self, unit: UnitOfWork) -> None:
        """Let all numbers be tried now: a process that starts may have another token."""
        for number in await try_now(unit.connection, now_ms=self._clock.now_ms()):
            await self._wake(unit, number)

    def wait_s(self, silent: PausedNumber | None) -> float:
        """How long nothing is sent from the number; 0.0 when it may be tried."""
        if silent is None or self._has_other_token(silent):
            return 0.0
        return max(0.0, (silent.until_ms - self._clock.now_ms()) / 1000)

    async def may_send(self, connection: AsyncConnection, silent: PausedNumber | None) -> bool:
        """Whether whoever asks may send from the number; of all who ask at the end of a silence that is probed, it is one."""
        if silent is None or not silent.is_probed:
            return True
        now_ms, number = self._clock.now_ms(), silent.phone_number_id
        if self._has_other_token(silent):
            await try_now(connection, number, now_ms=now_ms)
            self._refused.pop(number, None)
        return await take_probe(connection, number, now_ms=now_ms)

    async def begin(self, unit: UnitOfWork, number: str, why: Pause) -> bool:
        """Send nothing from the number for now. True when that is news."""
        self._refused[number] = self._token_digest()
        return await pause(unit.connection, number, why, now_ms=self._clock.now_ms())

    async def end(self, unit: UnitOfWork, silent: PausedNumber) -> bool:
        """WhatsApp has heard what came from the number: all others go on. False when that was known."""
        if not await end_pause(unit.connection, silent.phone_number_id):
            return False
        if silent.is_probed:
            await self._wake(unit, silent.phone_number_id)
        unit.after_commit(
            lambda: _log.info("vault_number_goes_on", number=silent.phone_number_id, reason=silent.reason)
        )
        return True

    async def give_back(self, unit: UnitOfWork, silent: PausedNumber | None) -> None:
        """Nobody was called after all: the next one may try the number."""
        if silent is not None:
            await try_now(unit.connection, silent.phone_number_id, now_ms=self._clock.now_ms())

    async def _wake(self, unit: UnitOfWork, number: str) -> None:
        for owner in await waiting_owners(unit.connection, number, count_max=OWNERS_WOKEN_MAX):
            unit.publish(job_message(DeliverJob(owner=owner), now_s=self._clock.now()))

    def _has_other_token(self, silent: PausedNumber) -> bool:
        refused = self._refused.get(silent.phone_number_id)
        return silent.is_probed and refused is not None and refused != self._token_digest()

    def _token_digest(self) -> str:
        return hashlib.sha256(self._token().encode()).hexdigest()
