"""When a mail was written: the Date header, or else what the first server noted that took it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX

_CHARACTERS_MAX = 200
_OFFSET_S_MAX = 24 * 3600


def timestamp_of(text: str) -> int | None:
    """Unix seconds of a date as mails have it (RFC 5322, section 3.3) or as ISO 8601 has it; None for anything else, and
    outside of 0 to `TIMESTAMP_S_MAX`. Without a zone, and with ``-0000``, it is UTC."""
    text = text[:_CHARACTERS_MAX].strip()
    try:
        moment = _of_mail(text) or datetime.fromisoformat(text)
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, TypeError, IndexError):
        # The functions of the standard library raise all of these for one text or another.
        return None
    return seconds if 0 <= seconds <= TIMESTAMP_S_MAX else None


def timestamp_of_first_hop(received: Iterable[str]) -> int | None:
    """From the Received headers, topmost first: each server puts its own on top. The date is behind the last semicolon."""
    moments = (timestamp_of(value.rpartition(";")[2]) for value in reversed(list(received)))
    return next((seconds for seconds in moments if seconds is not None), None)


def _of_mail(text: str) -> datetime | None:
    found = parsedate_tz(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = found[:6]
    offset_s = found[9] or 0
    if abs(offset_s) > _OFFSET_S_MAX:
        return None
    # A leap second is the last one of its minute here.
    moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    return moment - timedelta(seconds=offset_s)
