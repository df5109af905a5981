"""How old a signed request may be.

A provider that got no good answer comes again, for hours, and need not sign anew: a request is good for as long as that, and a
little more. Within that time its token is remembered, so that it is let in once; later its age refuses it.
"""

from __future__ import annotations

import re

from wipsie.slices.mail.doors.webhooks.refusals import NotGenuine

_SECONDS = re.compile(r"[0-9]{1,12}")


def check_age(timestamp: str, now_ms: int, *, tries_s: int, tolerance_s: int) -> None:
    """NotGenuine unless `timestamp`, Unix seconds in digits, is at most `tries_s` and `tolerance_s` ago, and at most `tolerance_s`
    ahead."""
    if not _SECONDS.fullmatch(timestamp):
        raise NotGenuine("The timestamp of the request is missing, or no Unix seconds.")
    check_age_ms(int(timestamp) * 1000, now_ms, tries_s=tries_s, tolerance_s=tolerance_s)


def check_age_ms(sent_at_ms: int, now_ms: int, *, tries_s: int, tolerance_s: int) -> None:
    """The same for milliseconds since the epoch."""
    age_s = (now_ms - sent_at_ms) / 1000
    if age_s > tries_s + tolerance_s:
        raise NotGenuine("The request was signed too long ago.")
    if age_s < -tolerance_s:
        raise NotGenuine("The request is signed with a time that has not come yet; is a clock wrong?")
