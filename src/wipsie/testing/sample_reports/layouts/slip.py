"""A narrow strip from a till printer, in letters of one width."""

from __future__ import annotations

import random

from wipsie.testing.sample_reports.layouts.paper import Paper
from wipsie.testing.sample_reports.sheet import Heading, Paragraph, Sheet, Table


def draw_slip(sheet: Sheet, chance: random.Random) -> Paper:
    """Everything in lines, one field each."""
    paper = Paper(chance, width_mm=88, height_mm=170, font="Courier")
    paper.size = 8
    paper.line(sheet.letterhead.name, align="C", style="B", size=11)
    paper.line(sheet.letterhead.address, align="C", size=7)
    paper.line(sheet.letterhead.contact, align="C", size=7)
    paper.line("-" * 44, size=7)
    if sheet.title:
        paper.line(sheet.title, align="C", style="B")
    for label, value in (*sheet.moments, *sheet.about):
        paper.line(f"{label}: {value}")
    paper.line("-" * 44, size=7)
    for block in sheet.blocks:
        match block:
            case Table():
                for row in block.rows:
                    paper.line("  ".join(row))
            case Heading() | Paragraph():
                for text in block.text.splitlines():
                    paper.line(text)
    paper.line("-" * 44, size=7)
    for text in sheet.footer:
        paper.line(text, size=6.5)
    return paper
