"""The common form: a centred block of fields in two columns, who and when mixed, a label left of each value."""

from __future__ import annotations

import random
from itertools import zip_longest

from wipsie.testing.sample_reports.layouts.paper import Paper
from wipsie.testing.sample_reports.sheet import Field, Sheet


def draw_grid(sheet: Sheet, chance: random.Random) -> Paper:
    """Fields of both sorts fill the left column and then the right one, or row by row."""
    paper = Paper(chance)
    paper.letterhead(sheet.letterhead)
    is_titled_first = chance.random() < 0.5
    if is_titled_first:
        paper.title(sheet.title)
    fields = [*sheet.about, *sheet.moments]
    if chance.random() < 0.5:
        half = (len(fields) + 1) // 2
        pairs = list(zip_longest(fields[:half], fields[half:]))
    else:
        pairs = list(zip_longest(fields[::2], fields[1::2]))
    between = chance.choice((" : ", ": ", ":", "  "))
    top = paper.pdf.get_y()
    step = paper.size * 0.55
    left, middle = paper.pdf.l_margin, paper.pdf.l_margin + paper.width / 2
    for row, (first, second) in enumerate(pairs):
        _field(paper, left, top + row * step, first, between)
        _field(paper, middle, top + row * step, second, between)
    paper.pdf.set_xy(paper.pdf.l_margin, top + len(pairs) * step + 1)
    paper.rule()
    if not is_titled_first:
        paper.title(sheet.title)
    paper.body(sheet.blocks)
    paper.ending(sheet)
    return paper


def _field(paper: Paper, x: float, y: float, field: Field | None, between: str) -> None:
    if field is None:
        return
    label, value = field
    label_width = paper.width * 0.19
    paper.write_at(x, y, label, style="B", width=label_width)
    paper.write_at(x + label_width, y, between.strip() + " " + value, width=paper.width * 0.3)
