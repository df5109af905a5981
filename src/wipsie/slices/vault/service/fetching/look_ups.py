"""When Meta may be asked for a file again: four times an hour at most, since more failing look-ups have numbers blocked."""

from __future__ import annotations

from typing import Final

from wipsie.slices.vault.domain.whatsapp.media import MEDIA_ID_LIFE_S

_PAUSES_S: Final = (0.0, 15.0, 120.0, 900.0)
"""Before the first four look-ups."""
IN_AN_HOUR_MAX: Final = len(_PAUSES_S)
_HOUR_S: Final = 3_600.0


def next_look_up_ms(attempts: int, looked_up_at_ms: int | None) -> int:
    """From when on a file may be looked up, that was so often before."""
    pause_s = _PAUSES_S[attempts] if attempts < len(_PAUSES_S) else _HOUR_S
    return (looked_up_at_ms or 0) + round(pause_s * 1000)


def is_over(received_at_ms: int, now_ms: int) -> bool:
    """Whether Meta has forgotten the file."""
    return now_ms - received_at_ms > MEDIA_ID_LIFE_S * 1000
