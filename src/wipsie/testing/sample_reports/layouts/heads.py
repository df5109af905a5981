"""When, as a table: the labels are the heads of its columns, the dates stand under them."""

from __future__ import annotations

import random

from wipsie.testing.sample_reports.layouts.paper import Paper
from wipsie.testing.sample_reports.sheet import Sheet, Table


def draw_heads(sheet: Sheet, chance: random.Random) -> Paper:
    """The patient in lines above, the table above or below the title."""
    paper = Paper(chance)
    paper.letterhead(sheet.letterhead)
    for start in range(0, len(sheet.about), 2):
        pair = sheet.about[start : start + 2]
        y = paper.pdf.get_y()
        for column, (label, value) in enumerate(pair):
            paper.write_at(
                paper.pdf.l_margin + column * paper.width / 2, y, f"{label}: {value}", width=paper.width / 2 - 2
            )
        paper.pdf.set_xy(paper.pdf.l_margin, y + paper.size * 0.55)
    paper.space(2)
    is_titled_first = chance.random() < 0.5
    if is_titled_first:
        paper.title(sheet.title)
    if sheet.moments:
        labels, values = zip(*sheet.moments, strict=True)
        paper.body((Table(labels, (values,)),))
    if not is_titled_first:
        paper.title(sheet.title)
    paper.body(sheet.blocks)
    paper.ending(sheet)
    return paper
