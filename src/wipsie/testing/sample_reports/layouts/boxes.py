"""Small captions with the value under each, in boxes three across, as web forms print."""

from __future__ import annotations

import random

from wipsie.testing.sample_reports.layouts.paper import Paper
from wipsie.testing.sample_reports.sheet import Sheet


def draw_boxes(sheet: Sheet, chance: random.Random) -> Paper:
    """Who and when in one run of boxes."""
    paper = Paper(chance)
    paper.letterhead(sheet.letterhead)
    paper.title(sheet.title)
    fields = [*sheet.about, *sheet.moments] if chance.random() < 0.7 else [*sheet.moments, *sheet.about]
    across = chance.choice((3, 4)) if len(fields) > 6 else 3
    width = paper.width / across
    height = paper.size * 1.15
    top = paper.pdf.get_y()
    is_framed = chance.random() < 0.6
    for index, (label, value) in enumerate(fields):
        x = paper.pdf.l_margin + index % across * width
        y = top + index // across * height
        if is_framed:
            paper.pdf.rect(x, y, width, height)
        paper.pdf.set_text_color(90, 90, 90)
        paper.write_at(x + 1, y + 0.8, label, size=max(paper.size - 2.5, 6.5), width=width - 2)
        paper.pdf.set_text_color(0, 0, 0)
        paper.write_at(x + 1, y + height * 0.48, value, style="B", width=width - 2)
    rows = (len(fields) + across - 1) // across
    paper.pdf.set_xy(paper.pdf.l_margin, top + rows * height + 3)
    paper.body(sheet.blocks)
    paper.ending(sheet)
    return paper
