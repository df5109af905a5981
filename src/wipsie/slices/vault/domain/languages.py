"""The languages the vault speaks, and which one a stranger is most likely to read."""

from __future__ import annotations

from typing import Literal, get_args

Language = Literal["en", "hi", "es", "pt", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "en"

NAMES: dict[Language, str] = {
    "en": "English",
    "hi": "हिन्दी",
    "es": "Español",
    "pt": "Português",
    "de": "Deutsch",
}
"""Each in its own words: who needs the list cannot read the others."""

# India is not here: whoever writes from there chooses between English and Hindi, and most bots there begin in English.
_COUNTRIES: dict[Language, str] = {
    "es": "AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV UY VE",
    "pt": "AO BR CV GW MZ PT ST TL",
    "de": "AT CH DE LI LU",
}
_OF_COUNTRY: dict[str, Language] = {
    country: language for language, countries in _COUNTRIES.items() for country in countries.split()
}


def language_of_country(country: str | None) -> Language:
    """Where a conversation begins, before its user chooses. `country`: two letters (ISO 3166), as a business-scoped user id
    begins with them."""
    return _OF_COUNTRY.get((country or "").upper(), DEFAULT_LANGUAGE)
