"""When somebody may be written to: for a day after their last message, and with approved templates at any time."""

from __future__ import annotations

from wipsie.slices.vault.domain.sending.body import RECEIPT_KIND, TEMPLATE_KIND

WINDOW_S = 24 * 3600
"""Source: Meta, "Customer service windows"; every message of the user begins it anew."""


def may_be_sent(kind: str, *, last_message_at_ms: int, now_ms: int) -> bool:
    """Whether WhatsApp takes a message of this kind now. It has the last word: 131047 comes inside of the window too, if rarely."""
    return kind in (TEMPLATE_KIND, RECEIPT_KIND) or now_ms - last_message_at_ms < WINDOW_S * 1000
