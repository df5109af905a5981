"""What a report says of itself: words in, suggestions of date, hospital and type out. Whatever is suggested, people decide.

words with boxes ──► lines and cells ──┬─► dates with their labels ──► the three likeliest
   (`Reading`)                         ├─► letterhead, names its owner confirmed ──► hospital
                                       └─► words of titles and bodies ──► type
"""

from __future__ import annotations

from wipsie.slices.vault.domain.reading.date_picking import DateGuess
from wipsie.slices.vault.domain.reading.hospitals import HospitalGuess
from wipsie.slices.vault.domain.reading.reading import Reading, Word
from wipsie.slices.vault.domain.reading.report_types import TypeGuess
from wipsie.slices.vault.domain.reading.suggesting import Suggestions, suggest

__all__ = [
    "DateGuess",
    "HospitalGuess",
    "Reading",
    "Suggestions",
    "TypeGuess",
    "Word",
    "suggest",
]
