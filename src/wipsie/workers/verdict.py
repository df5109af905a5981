"""What becomes of a message whose handler did not succeed: tried again, given back uncounted, or dead-lettered."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from wipsie.workers import run_log
from wipsie.workers.breaker import BreakerOpen
from wipsie.workers.handler import Reject, Retry
from wipsie.workers.retry_policy import RetryPolicy
from wipsie.workers.run_log import storable
from wipsie.workers.task_decoder import Undeliverable

TRACEBACK_CHARS_MAX = 16 * 1024
ERROR_CHARS_MAX = 1_000
_TRACEBACK_HEAD_CHARS = 4 * 1024
_BREAKER_PAUSE_S_MIN = 0.1

RETRIES_EXHAUSTED = "RETRIES_EXHAUSTED"
UNSERIALISABLE_RESULT = "UNSERIALISABLE_RESULT"


class HandlerTimedOut(TimeoutError):
    """A handler ran longer than its `timeout_s` and was cancelled."""


class UnserialisableResult(Exception):
    """A handler returned what JSON cannot hold. Its work is done and would fail again in the same way."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Return the message to its queue for `delay_s`; `counted` when this was a try."""

    delay_s: float
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Bury:
    """Move the message to the dead-letter queue."""

    code: str
    reason: str
    traceback: str | None = None


Action = GiveBack | Bury | None
"""None: acknowledge."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` None: not a try, nothing is recorded."""

    status: str | None
    action: GiveBack | Bury
    error: str
    traceback: str | None


def judge(error: BaseException, attempt: int, policy: RetryPolicy) -> Verdict:
    """The verdict on what a handler raised in try number `attempt`."""
    if isinstance(error, BreakerOpen):
        pause_s = max(error.retry_after_s or 0.0, _BREAKER_PAUSE_S_MIN)
        return Verdict(None, GiveBack(pause_s, counted=False), error_line(error), None)
    if isinstance(error, Retry) and not error.counted:
        pause_s = error.after_s if error.after_s is not None else policy.delay_after(1) or 0.0
        return Verdict(None, GiveBack(pause_s, counted=False), error_line(error), None)
    line = error_line(error)
    if isinstance(error, Reject):
        return Verdict(run_log.REJECTED, Bury(error.code, storable(error.reason)), line, None)
    if isinstance(error, UnserialisableResult):
        return Verdict(run_log.REJECTED, Bury(UNSERIALISABLE_RESULT, storable(str(error))), line, None)
    trace = traceback_text(error)
    timed_out = isinstance(error, HandlerTimedOut)
    delay_s = policy.delay_after(attempt)
    if delay_s is None:
        if timed_out:
            return Verdict(run_log.TIMED_OUT, Bury("TIMED_OUT", line, trace), line, trace)
        return Verdict(run_log.FAILED, Bury(RETRIES_EXHAUSTED, line, trace), line, trace)
    if isinstance(error, Retry) and error.after_s is not None:
        delay_s = error.after_s
    return Verdict(run_log.TIMED_OUT if timed_out else run_log.RETRIED, GiveBack(max(0.0, delay_s)), line, trace)


def judge_refusal(refusal: Undeliverable) -> Verdict:
    """The verdict on a message no handler can take."""
    return Verdict(
        run_log.REJECTED,
        Bury(refusal.code, storable(refusal.reason)),
        storable(f"{refusal.code}: {refusal.reason}")[:ERROR_CHARS_MAX],
        None,
    )


def error_line(error: BaseException) -> str:
    """``Type: message`` in one line of bounded length."""
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be read)"
    name = type(error).__name__
    line = f"{name}: {message}" if message else name
    return storable(" ".join(line.split()))[:ERROR_CHARS_MAX]


def traceback_text(error: BaseException) -> str:
    """The traceback without the worker's own frame; of a long one the beginning and the end."""
    try:
        # The first frame is the worker's call of the handler.
        frames = error.__traceback__.tb_next if error.__traceback__ is not None else None
        text = storable("".join(traceback.format_exception(type(error), error, frames)))
    except Exception:
        return error_line(error)
    if len(text) <= TRACEBACK_CHARS_MAX:
        return text
    gap = "\n…\n"
    tail = TRACEBACK_CHARS_MAX - _TRACEBACK_HEAD_CHARS - len(gap)
    return text[:_TRACEBACK_HEAD_CHARS] + gap + text[-tail:]
