"""What comes after a call, by how it ended; and what comes when a claim or a silence is over."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.sending.outcomes import NotSent, Refused, SendOutcome, Taken, Unknown
from wipsie.slices.vault.domain.sending.pauses import UNREACHABLE, UNREACHABLE_CODE, Pause, probe_s, unreachable_s
from wipsie.slices.vault.domain.sending.states import State
from wipsie.slices.vault.domain.whatsapp.errors import delay_s, treatment_of

SILENCE_S = 60.0
"""How long a status may take that tells what became of a call without an answer."""
OUTCOME_UNKNOWN = "outcome_unknown"
_UNKNOWNS_MAX = 1
"""So often a message is sent again though it may have arrived."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery."""

    state: State
    in_s: float = 0.0
    """Until it is looked at again, when it is waiting or unknown."""
    error_code: int | None = None
    """Of WhatsApp."""
    error: str | None = None
    """In a word of ours that is stable."""
    is_counted: bool = True
    """Whether it uses up an attempt."""
    by_number: bool = False
    """The next call names the telephone number in place of the user id."""
    pause: Pause | None = None
    """Nothing more is sent from this number for now."""
    is_alarm: bool = False
    """Somebody must look."""


def after_call(
    outcome: SendOutcome, *, attempt: int, has_number: bool, chance: float, silent_s: float = 0.0
) -> Decision:
    """What comes after a call. `attempt`: which one it was, from 1; `has_number`: the recipient can be called by number, and was not;
    `chance`: from 0 to 1; `silent_s`: how long the number has not been able to send."""
    match outcome:
        case Taken():
            return Decision(state="accepted")
        case Unknown():
            return Decision(state="unknown", in_s=SILENCE_S, error=OUTCOME_UNKNOWN)
        case NotSent():
            pause_s = max(unreachable_s(silent_s), outcome.asked_s or 0.0)
            return Decision(
                state="waiting",
                in_s=pause_s,
                error=UNREACHABLE,
                is_counted=False,
                pause=Pause(error_code=UNREACHABLE_CODE, reason=UNREACHABLE, in_s=pause_s),
            )
        case Refused():
            return _after_refusal(outcome, attempt=attempt, has_number=has_number, chance=chance, silent_s=silent_s)


def after_silence(*, unknowns: int, is_sensitive: bool) -> Decision:
    """What comes when no status has told what became of a call. `unknowns`: how often that happened to this message, this time
    included. What is sensitive is not sent twice, however it is missed."""
    if is_sensitive or unknowns > _UNKNOWNS_MAX:
        return Decision(state="failed", error=OUTCOME_UNKNOWN)
    return Decision(state="waiting", error=OUTCOME_UNKNOWN)


def for_receipt(decision: Decision) -> Decision:
    """The same for a read receipt, which is not worth a second attempt; what it tells of the number is."""
    is_alarm = decision.is_alarm and decision.pause is not None
    return msgspec.structs.replace(decision, state="cancelled", is_alarm=is_alarm)


def _after_refusal(refused: Refused, *, attempt: int, has_number: bool, chance: float, silent_s: float) -> Decision:
    treatment = treatment_of(refused.error, refused.http_status)
    code = refused.error.code

    def decision(
        state: State,
        in_s: float = 0.0,
        *,
        is_counted: bool = True,
        by_number: bool = False,
        pause_s: float | None = None,
    ) -> Decision:
        return Decision(
            state=state,
            in_s=in_s,
            error_code=code,
            error=treatment.reason,
            is_counted=is_counted,
            by_number=by_number,
            pause=None if pause_s is None else Pause(error_code=code or 0, reason=treatment.reason, in_s=pause_s),
            is_alarm=treatment.is_alarm,
        )

    match treatment.action:
        case "pause_sending":
            pause_s = probe_s(silent_s)
            return decision("waiting", pause_s, is_counted=False, pause_s=pause_s)
        case "use_number":
            return decision("waiting", by_number=True) if has_number else decision("failed")
        case action:
            wait_s = delay_s(treatment, attempt, chance=chance, asked_s=refused.asked_s)
            if wait_s is None:
                return decision("failed")
            return decision("waiting", wait_s, pause_s=wait_s if action == "wait_for_number" else None)
