"""Reports of many pages: the card comes after the first, and the words of the last are found a moment after they are saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF
from ward import open_ward

from wipsie.slices.vault.domain.file_reading import FileReading
from wipsie.slices.vault.store.files import reading_of
from wipsie.testing import eventually


def _long_report(pages: int) -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for number in range(1, pages + 1):
        pdf.add_page()
        text = "Lakeside Hospital\nDischarge Summary\nReport date: 03 Nov 2025\nPatient rests well, and eats again."
        pdf.multi_cell(
            0, 8, text if number == 1 else f"Page {number}. Ward notes of that day, written by the nurse on duty."
        )
    pdf.ln()
    pdf.multi_cell(0, 8, "Zebrafinch", new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


@pytest.mark.slow
async def test_words_of_the_last_page_are_found(tmp_path: Path) -> None:
    async with open_ward(tmp_path) as ward:
        asha = await ward.agreed()
        await asha.send_document(_long_report(15), filename="Stay.pdf")
        await asha.expect("Lakeside", kind="button", timeout_s=20)
        await asha.tap("Save")
        await asha.expect("Saved as report 1", timeout_s=10)

        async def is_read() -> bool:
            ring = await ward.parts.vault_keys.ring()
            (file,) = await ward.rows("SELECT id FROM vault_files")
            async with ward.parts.database.read() as connection:
                reading = await reading_of(connection, ring, file.id, FileReading)
            return reading is not None and reading.pages_read == 15

        await eventually(is_read, 30, "the rest is not read")
        await asha.send_text("SEARCH zebrafinch")
        hits = await asha.expect(kind="list", timeout_s=10)
        assert hits.choices[0].title.startswith("1 ·")
