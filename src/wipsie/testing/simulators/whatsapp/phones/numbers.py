"""Phone numbers as people write them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[0-9]{7,15}")


def check_number(number: str) -> str:
    """Its digits. ValueError."""
    digits = number.removeprefix("+").replace(" ", "").replace("-", "")
    if _NUMBER.fullmatch(digits) is None:
        raise ValueError("A number has 7 to 15 digits, country code first.")
    return digits
