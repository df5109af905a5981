"""The promise of the vault, from one end to the other: a report is sent by phone, kept, listed and had back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from ward import Ward, open_ward

from wipsie.testing.sample_reports.making import make_reports


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with open_ward(tmp_path) as opened:
        yield opened


async def test_a_pdf_is_sent_saved_listed_and_had_back(ward: Ward) -> None:
    asha = await ward.agreed()
    report = next(one for one in make_reports(seed=5, count=12) if one.media_type == "application/pdf")
    await asha.send_document(report.content, filename="CBC Nov 2025.pdf")
    card = await asha.expect(kind="button", timeout_s=20)
    assert report.truth.hospital in card.text
    await asha.tap("Save")
    await asha.expect("Saved as report 1", timeout_s=10)
    await asha.send_text("LIST")
    page = await asha.expect(kind="list", timeout_s=10)
    assert [row.title.split(" · ")[0] for row in page.choices] == ["1"]
    await asha.send_text("GET 1")
    answer = await asha.expect("http", timeout_s=10)
    url = next(word for word in answer.text.split() if word.startswith("http"))
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as asked:
            assert asked.status == 200
            assert report.truth.hospital not in await asked.text()
        async with session.post(url) as got:
            assert got.status == 200
            assert await got.read() == report.content
