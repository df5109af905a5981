"""What a status of WhatsApp changes, whenever it comes: before the answer to the call, after it, twice, or in the place of it."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.sending.deciding import after_call
from wipsie.slices.vault.domain.sending.outcomes import Refused
from wipsie.slices.vault.domain.sending.states import State
from wipsie.slices.vault.domain.whatsapp.delivery_status import DeliveryStatus, is_delivery_status, joined
from wipsie.slices.vault.domain.whatsapp.errors import ApiError

ATTEMPTS_MAX = 12
"""Of a message that is taken and fails, again and again."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery stands."""

    state: State
    status: DeliveryStatus | None
    attempts: int
    has_body: bool
    """It could be sent again."""
    error_code: int | None = None
    error: str | None = None
    next_at_ms: int = 0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What WhatsApp tells of it."""

    status: str
    is_other_message: bool = False
    """It speaks of another attempt than the one that is known."""
    error: ApiError | None = None


def after_status(standing: Standing, told: Told, *, now_ms: int) -> Standing:
    """How it stands then; the same when the status says nothing new."""
    if not is_delivery_status(told.status):
        return standing
    if told.status == "failed":
        return _after_failure(standing, told, now_ms)
    known = "queued" if told.is_other_message and standing.status == "failed" else standing.status or "queued"
    status = joined(known, told.status)
    if status == known:
        return standing
    return msgspec.structs.replace(standing, state="accepted", status=status, error_code=None, error=None)


def _after_failure(standing: Standing, told: Told, now_ms: int) -> Standing:
    status = joined(standing.status or "queued", "failed")
    if standing.status == status or status != "failed":
        return standing
    if standing.state not in ("sending", "unknown", "accepted"):
        # What waits is sent again anyway: an earlier attempt failed.
        return standing
    error = told.error or ApiError()
    # By what the status says alone: it comes too late to make others wait.
    decision = after_call(Refused(error=error), attempt=max(standing.attempts, 1), has_number=False, chance=0.0)
    failed = msgspec.structs.replace(standing, status=status, error_code=decision.error_code, error=decision.error)
    if standing.state == "sending":
        # Whoever sends it reads it from the status.
        return failed
    if decision.state != "waiting" or not standing.has_body or standing.attempts >= ATTEMPTS_MAX:
        return msgspec.structs.replace(failed, state="failed")
    return msgspec.structs.replace(failed, state="waiting", next_at_ms=now_ms + round(decision.in_s * 1000))
