"""What the vault says, in five languages, and what people call things when they type."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue.consent import CONSENT_VERSION
from wipsie.slices.vault.domain.catalogue.days import date_text
from wipsie.slices.vault.domain.catalogue.languages import TEXTS, counted, texts_of
from wipsie.slices.vault.domain.catalogue.report_types import REPORT_TYPES, ReportType
from wipsie.slices.vault.domain.catalogue.texts import Counted, Texts, TypeText
from wipsie.slices.vault.domain.catalogue.type_words import type_named

__all__ = [
    "CONSENT_VERSION",
    "REPORT_TYPES",
    "TEXTS",
    "Counted",
    "ReportType",
    "Texts",
    "TypeText",
    "counted",
    "date_text",
    "texts_of",
    "type_named",
]
