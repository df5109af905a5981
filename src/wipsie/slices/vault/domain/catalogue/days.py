"""Days and months as each language writes them shortly. What stands here can be typed back."""

from __future__ import annotations

from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import Language

_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"),
    "hi": (
        "जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर",
    ),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"),
    "pt": ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"),
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
}  # fmt: skip
_DAY: dict[Language, str] = {
    "en": "{day} {month} {year}",
    "hi": "{day} {month} {year}",
    "es": "{day} {month} {year}",
    "pt": "{day} {month} {year}",
    "de": "{day}. {month} {year}",
}


def date_text(date: PartialDate, language: Language) -> str:
    """3 Nov 2025, or Nov 2025 where the day is not known. At most 20 characters: a button can hold it."""
    month = _MONTHS[language][date.month - 1]
    if date.day is None:
        return f"{month} {date.year}"
    return _DAY[language].format(day=date.day, month=month, year=date.year)
