"""Receipt handles: receipts of the engine, and, where we are strict, the time of the delivery behind them.

Amazon SQS allows a message to be invisible for twelve hours in all since it was received. The store knows when a lease ends, not
when this delivery began; so the handle says it.
"""

from __future__ import annotations

import re

from wipsie.kernel.ids import Receipt
from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.errors import invalid

_TIMED = re.compile(r"(.+)~([0-9a-f]{1,12})", re.DOTALL)


def timed_handle(receipt: Receipt, received_at_ms: int) -> str:
    """A handle that says when the message was received."""
    return f"{receipt}~{received_at_ms:x}"


def read_handle(handle: str) -> tuple[Receipt, int | None]:
    """The receipt in a handle, and when the message was received, where it says so."""
    match = _TIMED.fullmatch(handle) if "~" in handle else None
    return (Receipt(handle), None) if match is None else (Receipt(match[1]), int(match[2], 16))


def check_total_visibility(received_at_ms: int | None, timeout_s: int, now_ms: int) -> None:
    """SqsError when a message would be invisible for longer than Amazon lets it."""
    if received_at_ms is None:
        return
    total_s = (now_ms - received_at_ms) / 1000 + timeout_s
    if total_s > sqs_limits.VISIBILITY_TIMEOUT_S_MAX:
        raise invalid(
            "VisibilityTimeout",
            timeout_s,
            f"The message would be invisible for {total_s:.0f} seconds since it was received; the limit is "
            f"{sqs_limits.VISIBILITY_TIMEOUT_S_MAX} in all.",
        )
