"""Names of months in the languages of the vault, written out and cut short, as `levelled` leaves them."""

from __future__ import annotations

import re

_NAMES: dict[int, str] = {
    1: "january jan januar janner jaenner enero ene janeiro जनवरी जन",
    2: "february feb februar feber febrero fevereiro fev फरवरी फर",
    3: "march mar marz maerz mrz marzo marco मार्च",
    4: "april apr abril abr अप्रैल अप्रेल",
    5: "may mai mayo maio मई",
    6: "june jun juni junio junho जून",
    7: "july jul juli julio julho जुलाई",
    8: "august aug agosto ago अगस्त",
    9: "september sept sep septiembre setiembre setembro set सितंबर सितम्बर सित",
    10: "october oct oktober okt octubre outubro out अक्टूबर अक्तूबर अक्टू",
    11: "november nov noviembre novembro नवंबर नवम्बर नव",
    12: "december dec dezember dez diciembre dic dezembro दिसंबर दिसम्बर दिस",
}

MONTH_OF: dict[str, int] = {name: month for month, names in _NAMES.items() for name in names.split()}
"""By its name."""

_DOT_BELOW = "\u093c"
LETTER = r"[^\W\d_\u0900-\u0963]|[\u0900-\u0963\u0970-\u097f]"
"""One letter, or the vowel sign of one: Python counts those signs as no part of a word."""


def _pattern(name: str) -> str:
    # Some write फ़रवरी with the dot below, some without, and some as one character: `levelled` leaves the dot where it stood.
    return "".join(f"{sign}{_DOT_BELOW}?" if "\u0915" <= sign <= "\u0939" else re.escape(sign) for sign in name)


MONTH_NAME = (
    f"(?<!{LETTER})(?:"
    + "|".join(_pattern(name) for name in sorted(MONTH_OF, key=len, reverse=True))
    + f")(?!{LETTER})"
)
"""A regular expression for one name, which no letter stands beside."""


def month_of(name: str) -> int:
    """Of a name that `MONTH_NAME` found; KeyError for any other word."""
    return MONTH_OF[name.replace(_DOT_BELOW, "")]
