"""Alarms of sending, as word to whoever proposes incidents: one trouble for each number and reason, however often it is met."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.queue.operations_signal import OperationsSignal, signal_message
from wipsie.slices.vault.service.delivering.alarms import SendingAlarm

SOURCE: Final = "vault"
MINUTE_S: Final = 60
HOUR_S: Final = 3_600
_REASONS: Final = {
    "token_invalid": "the access token ended, or was taken back",
    "permission_missing": "the access token lacks a permission",
    "account_restricted": "Meta restricted the account",
    "quality_restricted": "Meta restricted the number, because too many people blocked or reported it",
    "number_not_registered": "the number is not registered",
    "payment_problem": "the account cannot be charged",
    "invalid_message": "a message of ours is not what WhatsApp takes, which is a mistake of ours",
    "media_refused": "WhatsApp does not take a file of ours",
    "template_problem": "there is no such template, or Meta paused it",
    "unknown_error": "for a reason that is new",
    "file_broken": "a file of ours is damaged",
    "file_gone": "a file of ours is not there",
}


class SendingSignals:
    """An `AlarmListener`."""

    def __init__(self, clock: Clock, *, is_heard: Callable[[], bool]) -> None:
        """`is_heard`: whether there is somebody who takes such word; where there is not, log and metric have to do."""
        self._clock = clock
        self._is_heard = is_heard

    def alarm(self, unit: UnitOfWork, alarm: SendingAlarm) -> None:
        """Of what fails message by message, one word arrives within an hour."""
        number, why = alarm.phone_number_id, _REASONS.get(alarm.reason, alarm.reason.replace("_", " "))
        if alarm.is_silent:
            title = f"Nothing is sent from the WhatsApp number {number}"
            then = "What waits is sent once that is mended; POST /api/vault/pauses/{phone_number_id}/resume tries it at once."
        else:
            title = f"WhatsApp does not take messages from the number {number}"
            then = "What failed is listed at /api/vault/deliveries?state=failed, and can be sent again from there."
        signal = OperationsSignal(
            problem="delivery_failing",
            subject_kind="channel",
            subject=f"WhatsApp {number}",
            trouble=_trouble(number, alarm.reason),
            state="failing",
            sentence=f"{title}: {why}. {then}",
            title=f"{title}: {alarm.reason}",
            severity="sev2" if alarm.is_silent else "sev3",
            noticed_at_ms=self._clock.now_ms(),
            facts={"number": number, "reason": alarm.reason, "error_code": alarm.error_code},
        )
        self._tell(unit, signal, within_s=MINUTE_S if alarm.is_silent else HOUR_S)

    def well_again(self, unit: UnitOfWork, phone_number_id: str, reason: str) -> None:
        """Noted at the incident that is open."""
        signal = OperationsSignal(
            problem="delivery_failing",
            subject_kind="channel",
            subject=f"WhatsApp {phone_number_id}",
            trouble=_trouble(phone_number_id, reason),
            state="recovered",
            sentence=f"WhatsApp takes messages from the number {phone_number_id} again.",
            noticed_at_ms=self._clock.now_ms(),
            facts={"number": phone_number_id, "reason": reason},
        )
        self._tell(unit, signal, within_s=MINUTE_S)

    def _tell(self, unit: UnitOfWork, signal: OperationsSignal, *, within_s: int) -> None:
        if not self._is_heard():
            return
        now_s = self._clock.now()
        message = signal_message(
            signal,
            source=SOURCE,
            now_s=now_s,
            deduplication_id=f"{signal.state}:{int(now_s) // within_s}:{signal.key}",
            deduplication_window_s=within_s,
        )
        unit.publish(message)


def _trouble(number: str, reason: str) -> str:
    return f"whatsapp:{number}:{reason}"[:100]
