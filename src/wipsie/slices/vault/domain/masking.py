"""Numbers and user ids as staff and logs may see them: enough to tell two apart in a call, not enough to call."""

from __future__ import annotations

_SHOWN_DIGITS = 4
_NUMBER_DIGITS_MIN = 8
"""Shorter ones would be shown by half."""
# Calling codes of one digit, and of two; all others have three. Source: ITU-T E.164, list of country codes.
_ONE = frozenset("17")
_TWO = frozenset(
    str(code)
    for codes in ((20, 27), range(30, 35), (36, 39, 40, 41), range(43, 50), range(51, 59), range(60, 67))
    for code in codes
) | frozenset(("81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"))
_DOT = "•"


def masked_number(wa_id: str) -> str:
    """``+91••••••0123`` for ``911234560123``."""
    if not wa_id.isascii() or not wa_id.isdigit() or len(wa_id) < _NUMBER_DIGITS_MIN:
        return f"+{_DOT * 6}"
    code = wa_id[: 1 if wa_id[0] in _ONE else 2 if wa_id[:2] in _TWO else 3]
    hidden = len(wa_id) - len(code) - _SHOWN_DIGITS
    return f"+{code}{_DOT * hidden}{wa_id[-_SHOWN_DIGITS:]}"


def masked_user_id(user_id: str) -> str:
    """``IN.••••5502`` for ``IN.48120077315502``."""
    country, dot, rest = user_id.partition(".")
    shown = rest[-_SHOWN_DIGITS:] if dot and len(rest) >= _NUMBER_DIGITS_MIN else ""
    return f"{country[:2] if dot else ''}{dot}{_DOT * 4}{shown}"
