"""What came of an attempt, in one commit: how the delivery stands, and what that says of its number."""

from __future__ import annotations

import random

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.sending.body import RECEIPT_KIND
from wipsie.slices.vault.domain.sending.deciding import Decision, after_call, for_receipt
from wipsie.slices.vault.domain.sending.outcomes import Refused, SendOutcome, Taken
from wipsie.slices.vault.service.delivering.alarms import Alarms, SendingAlarm
from wipsie.slices.vault.service.delivering.attempting import Attempt
from wipsie.slices.vault.service.delivering.metrics import DeliveryMetrics
from wipsie.slices.vault.service.delivering.silence import Silence
from wipsie.slices.vault.store.deliveries import Claim, GivenUp, record, record_taken
from wipsie.slices.vault.store.pauses import PausedNumber
from wipsie.telemetry.logging import get_logger

_log = get_logger(__name__)


class Recording:
    """One per process."""

    def __init__(
        self, database: Database, clock: Clock, silence: Silence, metrics: DeliveryMetrics, alarms: Alarms
    ) -> None:
        self._database = database
        self._clock = clock
        self._silence = silence
        self._metrics = metrics
        self._alarms = alarms

    async def write(self, ring: KeyRing, attempt: Attempt, silent: PausedNumber | None) -> bool:
        """Whether WhatsApp took it. `silent`: what was known of its number before."""
        result = attempt.result
        if isinstance(result, Taken):
            await self._write_taken(ring, attempt.claim, silent, result)
            return True
        decision = result if isinstance(result, Decision) else self._decide(attempt, silent, result)
        await self._write_decision(attempt, silent, decision)
        return False

    def given_up(self, given_up: GivenUp) -> None:
        """Tell of a delivery that is not sent, and is recorded already."""
        self._count("failed", given_up.error)
        _log.warning("vault_delivery_given_up", delivery=given_up.id, kind=given_up.kind, reason=given_up.error)

    async def _write_taken(self, ring: KeyRing, claim: Claim, silent: PausedNumber | None, taken: Taken) -> None:
        now_ms = self._clock.now_ms()
        async with self._database.unit_of_work() as unit:
            state = await record_taken(unit.connection, ring, claim, taken.message_id, now_ms=now_ms)
            await self._end_silence(unit, silent)
        self._metrics.attempts.labels(state).inc()
        self._metrics.latency_s.observe(max(0.0, (now_ms - claim.created_at_ms) / 1000))

    async def _write_decision(self, attempt: Attempt, silent: PausedNumber | None, decision: Decision) -> None:
        claim = attempt.claim
        is_news = True
        async with self._database.unit_of_work() as unit:
            await record(unit.connection, claim, decision, now_ms=self._clock.now_ms())
            if decision.pause is not None:
                is_news = await self._silence.begin(unit, claim.phone_number_id, decision.pause)
            elif isinstance(attempt.result, Refused):
                await self._end_silence(unit, silent)
            elif isinstance(attempt.result, Decision):
                await self._silence.give_back(unit, silent)
            if decision.is_alarm and is_news:
                alarm = SendingAlarm(
                    reason=decision.error or "",
                    phone_number_id=claim.phone_number_id,
                    error_code=decision.error_code,
                    is_silent=decision.pause is not None,
                )
                self._alarms.raise_alarm(unit, alarm)
        self._count(decision.state, decision.error or "")
        _log.warning(
            "vault_delivery_not_taken",
            delivery=claim.id,
            kind=claim.kind,
            attempt=claim.attempt,
            state=decision.state,
            reason=decision.error,
            code=decision.error_code,
            in_s=decision.in_s,
        )

    async def _end_silence(self, unit: UnitOfWork, silent: PausedNumber | None) -> None:
        if silent is not None and await self._silence.end(unit, silent):
            self._alarms.end_alarm(unit, silent)

    def _decide(self, attempt: Attempt, silent: PausedNumber | None, outcome: SendOutcome) -> Decision:
        claim = attempt.claim
        decision = after_call(
            outcome,
            attempt=claim.attempt,
            has_number=attempt.has_number,
            chance=random.random(),
            silent_s=0.0 if silent is None else (self._clock.now_ms() - silent.since_ms) / 1000,
        )
        return for_receipt(decision) if claim.kind == RECEIPT_KIND else decision

    def _count(self, state: str, reason: str) -> None:
        self._metrics.attempts.labels(state).inc()
        self._metrics.failures.labels(reason).inc()
