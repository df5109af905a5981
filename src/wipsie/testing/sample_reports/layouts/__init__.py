"""Ways to put a sheet on paper. Each house has one."""

from __future__ import annotations

import random
from collections.abc import Callable

from wipsie.testing.sample_reports.layouts.boxes import draw_boxes
from wipsie.testing.sample_reports.layouts.columns import draw_columns
from wipsie.testing.sample_reports.layouts.grid import draw_grid
from wipsie.testing.sample_reports.layouts.heads import draw_heads
from wipsie.testing.sample_reports.layouts.letter import draw_letter
from wipsie.testing.sample_reports.layouts.paper import Paper
from wipsie.testing.sample_reports.layouts.slip import draw_slip
from wipsie.testing.sample_reports.sheet import Sheet
from wipsie.testing.sample_reports.truth import ReportKind

_DRAW: dict[str, Callable[[Sheet, random.Random], Paper]] = {
    "grid": draw_grid,
    "columns": draw_columns,
    "heads": draw_heads,
    "boxes": draw_boxes,
    "letter": draw_letter,
    "slip": draw_slip,
}
_USUAL = ("grid", "grid", "columns", "columns", "heads", "boxes")
_FITTING: dict[ReportKind, tuple[str, ...]] = {
    "blood_test": _USUAL,
    "imaging": (*_USUAL, "letter"),
    "prescription": (*_USUAL, "letter", "slip"),
    "discharge_summary": (*_USUAL, "letter"),
    "vaccination": _USUAL,
    "bill": (*_USUAL, "slip", "slip"),
    "other": ("letter", "letter", "grid"),
}


def a_layout(chance: random.Random, kind: ReportKind) -> str:
    """The name of one that fits."""
    return chance.choice(_FITTING[kind])


def draw(sheet: Sheet, layout: str, chance: random.Random) -> Paper:
    """The sheet on paper."""
    return _DRAW[layout](sheet, chance)


__all__ = ["Paper", "a_layout", "draw"]
