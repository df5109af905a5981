"""What the country of a user id tells of its user's clock and calendar. Guesses, for "today" and for 3/11: the date itself is always
shown before it is kept."""

from __future__ import annotations

from typing import Final

from wipsie.slices.vault.domain.dates import DateOrder

_MONTH_FIRST: Final = frozenset(("US", "PH", "FM", "MH", "PW"))
"""Where 3/11 is March. Source: Unicode CLDR, short date patterns."""
# Minutes east of Greenwich in winter, of the zone most people of the country live in. Source: IANA time zone database.
_OFFSETS_MIN: Final = {
    -360: "CR GT HN MX NI SV US",
    -300: "CA CO CU EC JM PA PE",
    -240: "BO CL DO PR PY VE",
    -180: "AR BR UY",
    0: "CI GB GH IE IS ML PT SN TG",
    60: "AO AT BE BJ CH CM CZ DE DK DZ ES FR HR HU IT LU MA NE NG NL NO PL RO RS SE SI SK TN",
    120: "BG BW CD EE EG FI GR IL LB LT LV LY MW MZ NA RW SD UA ZA ZM ZW",
    180: "BY ET IQ JO KE KW QA RU SA SO SY TR TZ UG YE",
    240: "AE AM AZ GE MU OM",
    300: "KZ MV PK TJ TM UZ",
    330: "IN LK",
    345: "NP",
    360: "BD BT KG",
    390: "MM",
    420: "ID KH LA TH VN",
    480: "BN CN HK MO MY PH SG TW",
    540: "JP KR",
    600: "AU PG",
    720: "FJ NZ",
}
_OFFSET_MIN_OF: Final = {country: offset for offset, countries in _OFFSETS_MIN.items() for country in countries.split()}


def utc_offset_min_of(country: str) -> int:
    """Minutes their clock is ahead of UTC, or, below 0, behind; 0 for a country that is not known. `country`: two letters."""
    return _OFFSET_MIN_OF.get(country.upper(), 0)


def date_order_of(country: str) -> DateOrder | None:
    """Which of two numbers comes first; None where nothing is known of the country."""
    if country.upper() in _MONTH_FIRST:
        return "month_first"
    return "day_first" if country.upper() in _OFFSET_MIN_OF else None
