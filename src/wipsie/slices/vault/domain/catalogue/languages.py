"""The catalogue of each language."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue.english import ENGLISH
from wipsie.slices.vault.domain.catalogue.german import GERMAN
from wipsie.slices.vault.domain.catalogue.hindi import HINDI
from wipsie.slices.vault.domain.catalogue.portuguese import PORTUGUESE
from wipsie.slices.vault.domain.catalogue.spanish import SPANISH
from wipsie.slices.vault.domain.catalogue.texts import Counted, Texts
from wipsie.slices.vault.domain.languages import Language

TEXTS: dict[Language, Texts] = {"en": ENGLISH, "hi": HINDI, "es": SPANISH, "pt": PORTUGUESE, "de": GERMAN}


def texts_of(language: Language) -> Texts:
    """All texts in this language."""
    return TEXTS[language]


def counted(forms: Counted, count: int) -> str:
    """The form for so many, with the number in it."""
    return forms[0 if count == 1 else 1].format(count=count)
