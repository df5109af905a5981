"""What is known of a report, as its owner confirmed it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wipsie.slices.vault.domain.dates.months import MONTH_OF
from wipsie.slices.vault.domain.dates.partial_date import PartialDate

TEXT_CHARACTERS_MAX = 200
NOTE_CHARACTERS_MAX = 1_000


class ReportDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whatever is None was skipped, or never asked."""

    date: PartialDate | None = None
    hospital: str | None = None
    type: str | None = None
    """A name of ours, such as ``blood_test``."""
    type_text: str | None = None
    """What the owner calls it, where none of ours fits."""
    person: str | None = None
    """Whom it is of; None is the owner."""
    note: str | None = None


def changed_fields(before: ReportDetails, after: ReportDetails) -> Mapping[str, tuple[str, str]]:
    """What differs: by the name of the field, its text before and after; '' for none."""
    pairs = (
        (name, _text(getattr(before, name)), _text(getattr(after, name))) for name in ReportDetails.__struct_fields__
    )
    return {name: (old, new) for name, old, new in pairs if old != new}


def searched_text(details: ReportDetails) -> str:
    """The words by which a report is found, besides those that stand in its files. Months by their names in all languages too."""
    date = details.date
    months = [] if date is None else [name for name, month in MONTH_OF.items() if month == date.month]
    # Names of ours are written with underscores, which part words as spaces do.
    parts = (details.hospital, details.type, details.type_text, details.person, details.note, _text(date), *months)
    return " ".join(part for part in parts if part)


def _text(value: str | PartialDate | None) -> str:
    return "" if value is None else value.iso if isinstance(value, PartialDate) else value
