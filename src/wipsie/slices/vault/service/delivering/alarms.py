"""What somebody must look at: it will not pass by itself, or it is a mistake of ours."""

from __future__ import annotations

from typing import Protocol

import msgspec

from wipsie.database import UnitOfWork
from wipsie.slices.vault.domain.whatsapp.errors import PAUSING_REASONS
from wipsie.slices.vault.service.delivering.metrics import DeliveryMetrics
from wipsie.slices.vault.store.pauses import PausedNumber
from wipsie.telemetry.logging import get_logger

_log = get_logger(__name__)


class SendingAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """It holds nothing of anybody."""

    reason: str
    """Stable, in a word."""
    phone_number_id: str
    error_code: int | None
    """Of WhatsApp."""
    is_silent: bool
    """Nothing at all is sent from the number until it is mended."""


class AlarmListener(Protocol):
    """Hears of alarms in the commit that records what they are about: what it publishes goes out with that, or not at all."""

    def alarm(self, unit: UnitOfWork, alarm: SendingAlarm) -> None:
        """Something is wrong. A silence is told when it begins, all else each time."""
        ...

    def well_again(self, unit: UnitOfWork, phone_number_id: str, reason: str) -> None:
        """A number goes on that was silent for this."""
        ...


class Alarms:
    """Counts them, logs them, and tells whoever wants to know."""

    def __init__(self, metrics: DeliveryMetrics, listener: AlarmListener | None) -> None:
        self._metrics = metrics
        self._listener = listener

    def raise_alarm(self, unit: UnitOfWork, alarm: SendingAlarm) -> None:
        """Once the unit is committed."""
        unit.after_commit(lambda: self._tell(alarm))
        if self._listener is not None:
            self._listener.alarm(unit, alarm)

    def end_alarm(self, unit: UnitOfWork, silent: PausedNumber) -> None:
        """What a number was silent for is over."""
        if self._listener is not None and silent.reason in PAUSING_REASONS:
            self._listener.well_again(unit, silent.phone_number_id, silent.reason)

    def _tell(self, alarm: SendingAlarm) -> None:
        self._metrics.alarms.labels(alarm.reason).inc()
        _log.error(
            "vault_sending_alarm",
            reason=alarm.reason,
            number=alarm.phone_number_id,
            code=alarm.error_code,
            is_silent=alarm.is_silent,
        )
