"""Times people write, with their zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from wipsie.kernel.errors import InvalidInput

Moment = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with a zone, for example ``2026-11-28T09:00:00Z``."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def moment_ms(moment: datetime, field: str) -> int:
    """In milliseconds since the epoch. InvalidInput for one that no record of ours can be about."""
    try:
        is_sane = EARLIEST <= moment < LATEST
    except OverflowError:
        is_sane = False
    if not is_sane:
        problem = f"must lie between the years {EARLIEST.year} and {LATEST.year}"
        raise InvalidInput(
            f"Field '{field}' {problem}.",
            details={"field": field, "problem": problem, "errors": [{"location": f"body.{field}", "message": problem}]},
        )
    return round(moment.timestamp() * 1000)
