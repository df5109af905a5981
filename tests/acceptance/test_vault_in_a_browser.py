"""What the README says of the vault, done in a real browser: `wipsie up`, the page with the phones, a report sent, saved, listed, and had
back by the link of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from wipsie.testing import eventually
from wipsie.testing.browser import Browser, browser_program
from wipsie.testing.ports import free_port
from wipsie.testing.process import WipsieProcess
from wipsie.testing.sample_reports import make_reports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(browser_program() is None, reason="there is no Chromium on this machine"),
]


async def test_a_report_is_sent_from_a_phone_kept_and_had_back(
    start_wipsie: Callable[..., WipsieProcess], tmp_path: Path
) -> None:
    port = free_port()
    wipsie = start_wipsie(["up"], environment={"WHATSAPP_SIMULATOR_PORT": str(port)})
    await wipsie.wait_until_healthy()
    await eventually(
        lambda: f"from a phone of the WhatsApp simulator: http://127.0.0.1:{port}/" in wipsie.log(), 20, "no address"
    )
    sample = next(iter(make_reports(seed=7, count=1, form="text_pdf")))
    report = tmp_path / "Report.pdf"
    report.write_bytes(sample.content)
    downloads = tmp_path / "downloads"
    async with Browser(tmp_path / "browser", downloads=downloads) as page:
        await _open(page, f"http://127.0.0.1:{port}/")
        await page.fill("Message", "Hello")
        await page.press("Enter")
        await page.click("I agree")
        await page.until("document.querySelector('#chat').textContent.includes('Thank you')", timeout_s=20)
        page.choose_files([report])
        await page.click("Attach")
        await page.click("Document")
        await page.until(
            "[...document.querySelectorAll('button')].some(one => one.textContent === 'Save')", timeout_s=30
        )
        assert sample.truth.hospital in await page.run("document.querySelector('#chat').textContent")
        await page.screenshot(tmp_path / "card.png")
        await page.click("Save")
        await page.until("document.querySelector('#chat').textContent.includes('Saved as report 1')", timeout_s=20)
        await page.fill("Message", "LIST")
        await page.press("Enter")
        await page.until("document.querySelector('#chat').textContent.includes('Your reports')", timeout_s=20)
        await page.fill("Message", "GET 1")
        await page.press("Enter")
        link = await page.until(
            "document.querySelector('.theirs .text a[href*=\"/vault/links/\"]')?.href", timeout_s=20
        )
        assert page.complaints == []
        await page.open(link)
        await page.screenshot(tmp_path / "link.png")
        assert sample.truth.hospital not in await page.run("document.body.textContent")
        await page.click("Download")
        await eventually(lambda: any(downloads.glob("*.pdf")), 20, "nothing was downloaded")
        (got,) = downloads.glob("*.pdf")
        assert hashlib.sha256(got.read_bytes()).digest() == hashlib.sha256(sample.content).digest()
    await wipsie.stop()


async def _open(page: Browser, url: str) -> None:
    """The simulator starts a moment after Wipsie."""

    async def answers() -> bool:
        try:
            await page.open(url)
        except AssertionError:
            return False
        return bool(await page.run("document.querySelector('.who[aria-current]') !== null"))

    await eventually(answers, 20, "the page does not come")
