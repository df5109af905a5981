"""A page to write on, and the parts that all layouts have: letterhead, title, body, signature, small print."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from wipsie.testing.sample_reports.places import Letterhead
from wipsie.testing.sample_reports.sheet import Block, Heading, Paragraph, Sheet, Table

MARGIN_MM = 15
_FONTS = ("Helvetica", "Helvetica", "Times")
_INKS = ((20, 60, 120), (120, 20, 40), (0, 100, 80), (30, 30, 30), (90, 40, 130))


class Paper:
    """One page of a PDF, with the type and the colours of a house."""

    def __init__(self, chance: random.Random, *, width_mm: float = 210, height_mm: float = 297, font: str = "") -> None:
        self.chance = chance
        self.pdf = FPDF(unit="mm", format=(width_mm, height_mm))
        self.pdf.set_creation_date(datetime(2025, 1, 1, tzinfo=UTC))
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margin(MARGIN_MM if width_mm > 100 else 4)
        self.pdf.add_page()
        self.font = font or chance.choice(_FONTS)
        self.size = chance.choice((9.0, 9.5, 10.0, 10.5))
        self.ink = chance.choice(_INKS)

    @property
    def width(self) -> float:
        """Between the margins, in mm."""
        return self.pdf.epw

    def type(self, style: str = "", size: float | None = None) -> None:
        """Choose how the next words look."""
        self.pdf.set_font(self.font, style, size or self.size)

    def line(
        self, text: str, *, align: str = "L", style: str = "", size: float | None = None, gap: float = 1.35
    ) -> None:
        """One line over the whole width, made smaller until it fits."""
        size = size or self.size
        self.type(style, size)
        while self.pdf.get_string_width(text) > self.width and size > 5:
            size -= 0.5
            self.type(style, size)
        height = size * 0.3528 * gap
        self.pdf.cell(self.width, height, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def write_at(
        self, x: float, y: float, text: str, *, style: str = "", size: float | None = None, width: float = 0
    ) -> None:
        """Words at a place in mm, made smaller until they fit into `width`."""
        size = size or self.size
        self.type(style, size)
        while width and self.pdf.get_string_width(text) > width and size > 5:
            size -= 0.5
            self.type(style, size)
        self.pdf.set_xy(x, y)
        self.pdf.cell(width or self.pdf.get_string_width(text) + 1, size * 0.45, text)

    def rule(self) -> None:
        """A line across."""
        y = self.pdf.get_y() + 1
        self.pdf.set_draw_color(*self.ink)
        self.pdf.line(self.pdf.l_margin, y, self.pdf.l_margin + self.width, y)
        self.pdf.set_draw_color(0, 0, 0)
        self.pdf.set_y(y + 2)

    def space(self, mm: float) -> None:
        """Nothing, downwards."""
        self.pdf.set_y(self.pdf.get_y() + mm)

    def letterhead(self, head: Letterhead) -> None:
        """In one of the ways houses do it."""
        size = self.chance.choice((15.0, 17.0, 19.0, 22.0))
        way = self.chance.choice(("centre", "left", "band", "right"))
        if way == "band":
            self._band(head, size)
            return
        align = {"centre": "C", "left": "L", "right": "R"}[way]
        if way == "left" and self.chance.random() < 0.6:
            self._logo(head)
        self.pdf.set_text_color(*self.ink)
        self.line(head.name, align=align, style="B", size=size)
        self.pdf.set_text_color(0, 0, 0)
        if head.doctor:
            self.line(head.doctor, align=align, size=self.size + 1.5)
        if head.tagline:
            self.line(head.tagline, align=align, style="I", size=8)
        self.line(head.address, align=align, size=8)
        self.line(head.contact, align=align, size=8)
        self.rule()

    def title(self, text: str) -> None:
        """What the paper is, sometimes in the largest letters of all."""
        if not text:
            return
        size = self.chance.choice((11.0, 12.0, 13.0, 14.0, 20.0))
        self.space(1)
        self.line(text, align=self.chance.choice("CCL"), style="B", size=size, gap=1.6)
        self.space(1)

    def body(self, blocks: tuple[Block, ...]) -> None:
        """Tables, headings and prose, one below the other."""
        for block in blocks:
            match block:
                case Heading():
                    self.space(2)
                    self.line(block.text, style="B", size=self.size + 0.5)
                case Paragraph():
                    self.type()
                    self.pdf.multi_cell(
                        self.width, self.size * 0.48, block.text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
                    )
                    self.space(1)
                case Table():
                    self._table(block)

    def ending(self, sheet: Sheet) -> None:
        """Who signed, and the small print at the foot."""
        self.space(10)
        self.line(sheet.signed_by, align=self.chance.choice("RL"), style="B")
        self.pdf.set_y(max(self.pdf.get_y() + 4, self.pdf.h - MARGIN_MM - 5 * len(sheet.footer)))
        for text in sheet.footer:
            self.line(text, align=self.chance.choice("LC"), size=7.5)

    def _band(self, head: Letterhead, size: float) -> None:
        pdf = self.pdf
        pdf.set_fill_color(*self.ink)
        pdf.rect(0, 0, pdf.w, 26, style="F")
        pdf.set_text_color(255, 255, 255)
        pdf.set_y(5)
        self.line(head.name, style="B", size=size)
        self.line(f"{head.address}   {head.contact}", size=7.5)
        pdf.set_text_color(0, 0, 0)
        pdf.set_y(29)
        if head.doctor:
            self.line(head.doctor, size=self.size + 1.5)

    def _logo(self, head: Letterhead) -> None:
        pdf = self.pdf
        x = pdf.l_margin + self.width - 16
        pdf.set_fill_color(*self.ink)
        pdf.ellipse(x, pdf.get_y(), 14, 14, style="F")
        pdf.set_text_color(255, 255, 255)
        y = pdf.get_y()
        self.write_at(x + 4, y + 4, "".join(word[0] for word in head.name.split()[:2]), style="B", size=11)
        pdf.set_text_color(0, 0, 0)
        pdf.set_xy(pdf.l_margin, y)

    def _table(self, table: Table) -> None:
        pdf = self.pdf
        shares = _shares(table)
        widths = [self.width * share for share in shares]
        height = self.size * 0.6
        border = self.chance.choice(("1", "B", "0"))
        for style, row in (("B", table.header), *(("", row) for row in table.rows)):
            for width, text in zip(widths, row, strict=True):
                size = self.size
                self.type(style, size)
                while pdf.get_string_width(text) > width - 2 and size > 5:
                    size -= 0.5
                    self.type(style, size)
                pdf.cell(width, height, text, border=1 if border == "1" else border)
            pdf.ln(height)
        self.space(2)


def _shares(table: Table) -> list[float]:
    """Of the width, by the longest text of each column."""
    longest = [max(len(row[column]) for row in (table.header, *table.rows)) + 2 for column in range(len(table.header))]
    return [length / sum(longest) for length in longest]
