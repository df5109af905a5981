"""What an error means for the message, for its recipient and for the number it was sent from.

retry              the message again, soon and a few times
wait_for_recipient the message again after 1, 4, 16 … s; nothing else goes to this recipient before
wait_for_number    the message again; the whole number slows down meanwhile
pause_sending      nothing at all until an operator, or a fresh token, lets it go on; the message waits
window_closed      the message will not be taken; the next one of the user opens the window again
use_number         again at once, to the telephone number instead of the user id
give_up            never again
"""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.slices.vault.domain.whatsapp.errors.api_error import ApiError

Action = Literal[
    "retry", "wait_for_recipient", "wait_for_number", "pause_sending", "window_closed", "use_number", "give_up"
]
DELAY_S_MAX = 3600.0


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """How an error is treated."""

    action: Action
    reason: str
    """Stable, for dead letters, metrics and audit."""
    is_alarm: bool = False
    """Somebody must look: it will not pass by itself, or it is our mistake."""
    attempts_max: int = 1
    """Of sending, the first included; after the last one the message is a dead letter."""
    base_s: float = 0.0
    """Of the first pause."""
    factor: int = 4
    """By which each next pause is longer."""


_PAIR = Treatment(action="wait_for_recipient", reason="pair_rate", attempts_max=8, base_s=1)
_RATE = Treatment(action="wait_for_number", reason="throughput", attempts_max=12, base_s=2, factor=2)
_CALLS = Treatment(action="wait_for_number", reason="call_rate", attempts_max=8, base_s=120, factor=2)
_AWAY = Treatment(action="retry", reason="unavailable", attempts_max=6, base_s=2)
# An outage of hours is waited out; an error that nobody explains is not worth it.
_SERVICE_AWAY = Treatment(action="retry", reason="unavailable", attempts_max=9, base_s=2)
_MAINTENANCE = Treatment(action="retry", reason="maintenance", attempts_max=6, base_s=60, factor=2)
_TOKEN = Treatment(action="pause_sending", reason="token_invalid", is_alarm=True)
_PERMISSION = Treatment(action="pause_sending", reason="permission_missing", is_alarm=True)
_RESTRICTED = Treatment(action="pause_sending", reason="account_restricted", is_alarm=True)
_SPAM = Treatment(action="pause_sending", reason="quality_restricted", is_alarm=True)
_UNREGISTERED = Treatment(action="pause_sending", reason="number_not_registered", is_alarm=True)
_PAYMENT = Treatment(action="give_up", reason="payment_problem", is_alarm=True)
_WINDOW = Treatment(action="window_closed", reason="window_closed")
_UNDELIVERABLE = Treatment(action="give_up", reason="undeliverable")
_STOPPED = Treatment(action="give_up", reason="recipient_stopped")
_BUG = Treatment(action="give_up", reason="invalid_message", is_alarm=True)
_MISSING = Treatment(action="give_up", reason="object_missing")
_MEDIA = Treatment(action="give_up", reason="media_refused", is_alarm=True)
_MEDIA_AWAY = Treatment(action="give_up", reason="media_not_fetched")
_TEMPLATE = Treatment(action="give_up", reason="template_problem", is_alarm=True)
_RECIPIENT = Treatment(action="give_up", reason="recipient_not_allowed")
_USE_NUMBER = Treatment(action="use_number", reason="user_id_not_allowed", attempts_max=2)
_UNKNOWN = Treatment(action="give_up", reason="unknown_error", is_alarm=True)

# Source: Meta, "Cloud API error codes".
_BY_CODE: dict[int, Treatment] = {
    **dict.fromkeys((4, 80007), _CALLS),
    130429: _RATE,
    131056: _PAIR,
    131048: _SPAM,
    **dict.fromkeys((1, 131000), _AWAY),
    **dict.fromkeys((2, 131016), _SERVICE_AWAY),
    131057: _MAINTENANCE,
    131047: _WINDOW,
    131026: _UNDELIVERABLE,
    **dict.fromkeys((131049, 131050), _STOPPED),
    **dict.fromkeys((100, 131008, 131009, 131051), _BUG),
    131052: _MEDIA_AWAY,
    131053: _MEDIA,
    131062: _USE_NUMBER,
    **dict.fromkeys((131021, 131030), _RECIPIENT),
    **dict.fromkeys((368, 130497, 131031), _RESTRICTED),
    131042: _PAYMENT,
    **dict.fromkeys((132000, 132001, 132012, 132015, 132016), _TEMPLATE),
    133010: _UNREGISTERED,
    **dict.fromkeys((0, 190), _TOKEN),
    **dict.fromkeys((3, 10, 131005, *range(200, 300)), _PERMISSION),
}
_OBJECT_MISSING = 33
PAUSING_REASONS = frozenset(one.reason for one in _BY_CODE.values() if one.action == "pause_sending")
"""Why a number may not send at all."""


def treatment_of(error: ApiError, http_status: int | None = None) -> Treatment:
    """How an error is treated, by its code; where that is missing or new, by the status of the answer."""
    if error.code == 100 and error.subcode == _OBJECT_MISSING:
        return _MISSING
    if error.code is not None and error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if http_status == 401:
        return _TOKEN
    if http_status == 429:
        return _RATE
    if error.is_transient or (http_status is not None and http_status >= 500):
        return _AWAY
    return _UNKNOWN


def delay_s(treatment: Treatment, attempt: int, *, chance: float = 0.0, asked_s: float | None = None) -> float | None:
    """Seconds until the next attempt; None when there is none. `attempt`: how many there were, from 1; `chance`: from 0 to 1, spreads
    those that failed together over half a pause more (not for one recipient, whose messages keep their order); `asked_s`: what the
    answer asks for, never undercut."""
    if treatment.action in ("give_up", "window_closed", "pause_sending") or attempt >= treatment.attempts_max:
        return None
    own_s = min(treatment.base_s * treatment.factor ** min(max(attempt, 1) - 1, 20), DELAY_S_MAX)
    if treatment.action != "wait_for_recipient":
        own_s *= 1 + chance / 2
    return max(own_s, asked_s or 0.0)
