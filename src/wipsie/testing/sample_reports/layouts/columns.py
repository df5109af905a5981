"""Who on the left, when on the right: two lists side by side, perhaps in frames."""

from __future__ import annotations

import random

from wipsie.testing.sample_reports.layouts.paper import Paper
from wipsie.testing.sample_reports.sheet import Field, Sheet


def draw_columns(sheet: Sheet, chance: random.Random) -> Paper:
    """The label and its value are one text; the lists have lengths of their own."""
    paper = Paper(chance)
    paper.letterhead(sheet.letterhead)
    paper.title(sheet.title)
    sides = [sheet.about, sheet.moments]
    if chance.random() < 0.25:
        sides.reverse()
    top = paper.pdf.get_y()
    step = paper.size * chance.choice((0.5, 0.55, 0.6))
    between = chance.choice((": ", " : ", " - ", ":  "))
    share = chance.choice((0.5, 0.56, 0.62))
    width = paper.width
    _list(paper, paper.pdf.l_margin + 1, top, step, sides[0], between, width * share - 3)
    _list(paper, paper.pdf.l_margin + width * share, top, step, sides[1], between, width * (1 - share) - 2)
    height = step * max(len(side) for side in sides)
    if chance.random() < 0.4:
        paper.pdf.rect(paper.pdf.l_margin, top - 1, width, height + 2)
    paper.pdf.set_xy(paper.pdf.l_margin, top + height + 3)
    paper.body(sheet.blocks)
    paper.ending(sheet)
    return paper


def _list(
    paper: Paper, x: float, top: float, step: float, fields: tuple[Field, ...], between: str, width: float
) -> None:
    for row, (label, value) in enumerate(fields):
        paper.write_at(x, top + row * step, f"{label}{between}{value}", width=width)
