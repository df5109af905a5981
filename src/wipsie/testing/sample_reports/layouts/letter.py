"""A letter: town and date at the top, the patient in the subject line, everything else in sentences."""

from __future__ import annotations

import random

from wipsie.testing.sample_reports.layouts.paper import Paper
from wipsie.testing.sample_reports.sheet import Sheet

_OF_ITS_DATE = frozenset({"prescription", "imaging", "other"})
"""Kinds whose own date is the date of the letter; it stands there without a label."""


def draw_letter(sheet: Sheet, chance: random.Random) -> Paper:
    """The date of the letter has no label but the town in front of it."""
    paper = Paper(chance)
    paper.letterhead(sheet.letterhead)
    moments = list(sheet.moments)
    if sheet.kind in _OF_ITS_DATE:
        *moments, (_, written) = moments
        day = " ".join(word for word in written.split() if ":" not in word and word not in {"AM", "PM"})
        opening = {"de": f"{sheet.letterhead.town}, den {day}"}.get(sheet.language, f"{sheet.letterhead.town}, {day}")
        paper.line(opening, align=chance.choice("RL"))
    paper.space(4)
    paper.title(sheet.title)
    paper.line("   ".join(f"{label}: {value}" for label, value in sheet.about[:3]), style="B")
    for label, value in (*sheet.about[3:], *moments):
        paper.line(f"{label}: {value}")
    paper.space(3)
    paper.body(sheet.blocks)
    paper.ending(sheet)
    return paper
