"""Which of two numbers is the day: what a document itself says of it, and else where its owner lives."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wipsie.slices.vault.domain.dates import DateOrder, FoundDate
from wipsie.slices.vault.domain.words import levelled

_MONTH_FIRST = frozenset({"US", "FM", "MH", "PW", "PR", "GU", "VI", "AS", "MP", "UM"})
_EITHER_WAY = frozenset({"CA", "PH", "PA", "KE", "GH", "TG", "CY", "ZA"})
"""Countries where both are written."""
_NUMBER = re.compile(r"[0-9]+")
_COUNTRY = re.compile(r"(?:\A|[-_])([A-Z]{2})\Z")


def order_of_document(found: Iterable[FoundDate]) -> DateOrder | None:
    """What its dates give away: a number above twelve is a day, and with dots the day comes first. None where they say nothing or
    contradict each other."""
    orders: set[DateOrder] = set()
    for one in found:
        if one.form != "numbers":
            continue
        first, second = (int(number) for number in _NUMBER.findall(levelled(one.text))[:2])
        if first > 31:
            continue
        if first > 12 or (second <= 12 and "." in one.text):
            orders.add("day_first")
        elif second > 12:
            orders.add("month_first")
    return orders.pop() if len(orders) == 1 else None


def order_of_locale(locale_hint: str | None) -> DateOrder | None:
    """How people read 3/11/2025. `locale_hint`: a country (`IN`, ISO 3166), or a language with one (`en-IN`); None for a language
    alone, and for countries where both are written."""
    country = _COUNTRY.search(locale_hint or "")
    if country is None or country[1] in _EITHER_WAY:
        return None
    return "month_first" if country[1] in _MONTH_FIRST else "day_first"
