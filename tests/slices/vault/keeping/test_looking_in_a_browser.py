"""The pages behind a link in a real browser: seen, moved with buttons and with keys, and downloaded, with a policy that lets nothing run."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

import pytest
from link_visits import link, served_links
from vault_room import VaultRoom

from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.files import FileLimits
from wipsie.slices.vault.gateways.thumbnails import thumbnail
from wipsie.slices.vault.store.tables import report_files_table
from wipsie.testing import eventually
from wipsie.testing.browser import Browser, browser_program
from wipsie.testing.sample_reports import sample_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(browser_program() is None, reason="there is no Chromium on this machine"),
]
# Limits hold for all of a process, and one that ran thousands of tests is larger than a process of the pool ever gets.
ROOMY = FileLimits(memory_bytes_max=16 * 1024 * MIB)
# Not before the whole page was read: of a page half read, the images there are can all be complete.
LOADED = (
    "document.readyState === 'complete'"
    " && [...document.images].every(one => one.complete && one.naturalWidth > 0) && document.images.length"
)


async def photographed(room: VaultRoom, owner: str, folder: Path) -> list[str]:
    """A report of three photos; its files."""
    files: list[str] = []
    for number in (11, 12, 13):
        photo = sample_report(number, form="photo").content
        path = folder / f"{number}.jpeg"
        path.write_bytes(photo)
        picture = await asyncio.to_thread(thumbnail, path, "jpeg", limits=ROOMY)
        assert picture is not None
        files.append(await room.stage(owner, photo, kind="jpeg", picture=picture))
    await room.save(owner, files)
    return files


async def order(room: VaultRoom) -> list[str]:
    rows = sorted(await room.rows(report_files_table), key=lambda row: row["position"])
    return [row["file"] for row in rows]


async def test_pages_are_seen_moved_and_downloaded_without_a_script(room: VaultRoom, tmp_path: Path) -> None:
    owner = await room.owner()
    files = await photographed(room, owner, tmp_path)
    path = await link(room, owner)
    downloads = tmp_path / "downloads"
    async with served_links(room) as url, Browser(tmp_path / "browser", size=(360, 740), downloads=downloads) as page:
        await page.open(url + path)
        await page.screenshot(tmp_path / "asked.png")
        await page.click("See the pages first")
        assert await page.until(LOADED) == 3
        assert await page.run("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the phone"
        await page.screenshot(tmp_path / "pages.png")
        await page.click("Move page 3 up")
        await page.until("document.body.textContent.includes('What was page 3 is page 2 now.')")
        assert await order(room) == [files[0], files[2], files[1]]
        # The button that was pressed has the focus: keys go on from there.
        await page.until("document.activeElement.getAttribute('aria-label') === 'Move page 2 up'")
        await page.press("Enter")
        await page.until("document.body.textContent.includes('What was page 2 is page 1 now.')")
        assert await order(room) == [files[2], files[0], files[1]]
        assert await page.until(LOADED) == 3
        await page.screenshot(tmp_path / "moved.png")
        await page.click("Download")
        await eventually(lambda: any(downloads.glob("*.zip")), 20, "nothing was downloaded")
        assert [one for one in page.complaints if "favicon.ico" not in one] == []
        # The link is used up now, and says so.
        await page.click("Move page 2 up")
        await page.until("document.body.textContent.includes('does not open anything')")
        await page.screenshot(tmp_path / "refused.png")
    (got,) = downloads.glob("*.zip")
    with zipfile.ZipFile(io.BytesIO(got.read_bytes())) as archive:
        contents = [archive.read(name) for name in sorted(archive.namelist())]
    assert contents == [sample_report(number, form="photo").content for number in (13, 11, 12)]
    assert await order(room) == [files[2], files[0], files[1]]
