"""Dates as they are shown: short enough for a button, and understood when they are typed back."""

from __future__ import annotations

from datetime import date

import pytest

from wipsie.slices.vault.domain.catalogue import date_text
from wipsie.slices.vault.domain.dates import PartialDate, Understood, read_typed_date
from wipsie.slices.vault.domain.languages import LANGUAGES, Language
from wipsie.slices.vault.domain.whatsapp.outgoing import length_of

DAYS = [PartialDate(2025, month, day) for month in range(1, 13) for day in (1, 12, 28, None)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.iso)
def test_a_date_that_is_shown_can_be_typed_back(day: PartialDate, language: Language) -> None:
    text = date_text(day, language)

    assert length_of(text) <= 20
    assert read_typed_date(text, today=date(2026, 11, 29)) == Understood(day)
