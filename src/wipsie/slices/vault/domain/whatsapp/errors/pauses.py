"""How long an answer says to wait, in its headers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from wipsie.slices.vault.domain.whatsapp.json_values import NotJson, decoded, items, members, whole_of

PAUSE_S_MAX = 24 * 3600
_ENTRIES_MAX = 100


def retry_after_s(header: str | None) -> int | None:
    """Of a `Retry-After` header in seconds. Meta does not send its form with a date."""
    seconds = whole_of((header or "").strip())
    return None if seconds is None or seconds < 0 else min(seconds, PAUSE_S_MAX)


def regain_access_s(header: str | None) -> int | None:
    """Of an `X-Business-Use-Case-Usage` header: the longest `estimated_time_to_regain_access`, which it gives in minutes. None
    when nothing is blocked."""
    minutes = max(islice(_blocked_minutes(header or ""), _ENTRIES_MAX), default=0)
    return min(minutes * 60, PAUSE_S_MAX) or None


def _blocked_minutes(header: str) -> Iterator[int]:
    try:
        usage = members(decoded(header.encode()))
    except (NotJson, UnicodeError):
        return
    for uses in usage.values():
        for use in items(uses):
            yield max(whole_of(members(use).get("estimated_time_to_regain_access")) or 0, 0)
