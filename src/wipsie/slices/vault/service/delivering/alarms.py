"""What somebody must look at: it will not pass by itself, or it is a mistake of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from wipsie.slices.vault.service.delivering.metrics import DeliveryMetrics
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


AlarmHook = Callable[[SendingAlarm], Awaitable[None]]


class Alarms:
    """Counts them, logs them, and tells whoever wants to know."""

    def __init__(self, metrics: DeliveryMetrics, hook: AlarmHook | None) -> None:
        self._metrics = metrics
        self._hook = hook

    async def raise_alarm(self, alarm: SendingAlarm) -> None:
        """Never fails: sending goes on whoever listens."""
        self._metrics.alarms.labels(alarm.reason).inc()
        _log.error(
            "vault_sending_alarm",
            reason=alarm.reason,
            number=alarm.phone_number_id,
            code=alarm.error_code,
            is_silent=alarm.is_silent,
        )
        if self._hook is None:
            return
        try:
            await self._hook(alarm)
        except Exception:
            _log.exception("vault_sending_alarm_unheard", reason=alarm.reason)
