"""How long nothing is sent from a number.

by itself    too fast: everybody goes on when it is over
by a probe   WhatsApp is not there, or does not take the token: one message is tried then, and all go on when it is taken
"""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.whatsapp.errors import PAUSING_REASONS

UNREACHABLE = "unreachable"
UNREACHABLE_CODE = -1
"""In the place of WhatsApp's code."""
PROBE_S = 60.0
"""How long somebody who probes has, before another does."""
_UNREACHABLE_S_MIN, _UNREACHABLE_S_MAX = 2.0, 60.0
_PROBE_S_MIN, _PROBE_S_MAX = 60.0, 600.0


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a number is silent."""

    error_code: int
    reason: str
    in_s: float
    """How long from now."""


def is_probed(reason: str) -> bool:
    """Whether one message is tried before all others go on."""
    return reason == UNREACHABLE or reason in PAUSING_REASONS


def probe_s(lasting_s: float) -> float:
    """Until it is tried again; `lasting_s`: how long the number has been silent. A token is replaced within minutes or not today."""
    return _between(lasting_s / 2, _PROBE_S_MIN, _PROBE_S_MAX)


def unreachable_s(lasting_s: float) -> float:
    """Until WhatsApp is called again, which has not answered for `lasting_s`."""
    return _between(lasting_s, _UNREACHABLE_S_MIN, _UNREACHABLE_S_MAX)


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
