"""Tells of a store that does not answer: one line when it begins, one when the reason changes, one when it is over.

A loop that tries again every second would otherwise write the same line for as long as the outage lasts, and hide all
others beneath it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

REMIND_S = 300.0
"""An outage that goes on is told again this often: a log that was rotated or just opened shows it too."""
CHANGE_S_MIN = 10.0
"""Reasons that take turns (refused, timed out, refused …) are not told faster than this."""


class Outage:
    """One loop's view on what it depends on::

    well ── failed ──► in trouble ── over ──► well
    """

    def __init__(self, log: FilteringBoundLogger, event: str, clock: Clock) -> None:
        """`event`: what does not work, for example ``runs_not_recorded``; the end is told as ``runs_not_recorded_ended``."""
        self._log = log
        self._event = event
        self._clock = clock
        self._reason: str | None = None
        self._since = 0.0
        self._told_at = 0.0
        self._failures = 0

    @property
    def reason(self) -> str | None:
        """Why it does not work now, None when it does."""
        return self._reason

    def failed(self, error: BaseException, **fields: object) -> None:
        """It did not work. `fields` go into the line, if there is one. Errors that are none of ours get a traceback."""
        now = self._clock.monotonic()
        reason = str(error) or type(error).__name__
        self._failures += 1
        if self._reason is None:
            self._since = now
        elif now - self._told_at < (REMIND_S if reason == self._reason else CHANGE_S_MIN):
            return
        self._reason = reason
        self._told_at = now
        foreign = None if isinstance(error, WipsieError) else error
        self._log.warning(
            self._event,
            error=reason,
            failures=self._failures,
            lasting_s=round(now - self._since, 1),
            **fields,
            exc_info=foreign,
        )

    def over(self) -> None:
        """It worked."""
        if self._reason is None:
            return
        lasted_s = round(self._clock.monotonic() - self._since, 1)
        self._log.info(f"{self._event}_ended", lasted_s=lasted_s, failures=self._failures)
        self._reason = None
        self._failures = 0
