"""Photos that were sent in the wrong order, and put right on the page of a link."""

from __future__ import annotations

import io
import re
import zipfile

import aiohttp
import pytest
from PIL import Image
from ward import Ward

from wipsie.testing.simulators.whatsapp import Phone

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


def page(shade: int) -> bytes:
    """A photo of a page with nothing on it."""
    out = io.BytesIO()
    Image.new("RGB", (300, 400), (shade, 250, 250)).save(out, "JPEG")
    return out.getvalue()


PAGES = [page(shade) for shade in (60, 140, 220)]


async def saved(ward: Ward, asha: Phone) -> None:
    """Three photos become one report."""
    staged = "SELECT count(*) FROM vault_files WHERE state = 'staged'"
    await asha.send_images(PAGES, gap_s=0.1)
    await ward.comes_to(3, staged, timeout_s=40)
    await ward.advance(9)
    await asha.expect("3 photos", kind="button", timeout_s=15)
    await asha.tap("One report")
    await asha.expect("date", timeout_s=15)
    await asha.send_text("3 Nov 2025")
    await asha.expect("hospital", timeout_s=15)
    await asha.send_text("Lakeside Hospital")
    await asha.expect("kind", kind="list", timeout_s=15)
    await asha.tap("Blood test")
    await asha.expect("3 pages", kind="button", timeout_s=15)
    await asha.tap("Save")
    await asha.expect("Saved as report 1", timeout_s=15)


async def link_of(asha: Phone, command: str, answer: str = "http") -> str:
    await asha.send_text(command)
    bubble = await asha.expect(answer, timeout_s=30)
    return next(word for word in bubble.text.split() if word.startswith("http"))


async def files_in(web: aiohttp.ClientSession, url: str, under: str = "") -> list[bytes]:
    """What the button gives, in the order of the names."""
    async with web.post(url) as answer:
        assert answer.status == 200
        content = await answer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in sorted(archive.namelist()) if name.startswith(under)]


async def shades(web: aiohttp.ClientSession, url: str, html: str) -> list[int]:
    """Of the small pictures on the page of a link, from the top."""
    found: list[int] = []
    for address in re.findall(r'<img src="([^"]+)"', html):
        async with web.get(f"{url}/{address}") as answer:
            assert answer.status == 200
            with Image.open(io.BytesIO(await answer.read())) as picture:
                red = picture.getpixel((10, 10))
        assert isinstance(red, tuple)
        found.append(round(red[0] / 20) * 20)
    return found


async def test_pages_sent_in_the_wrong_order_are_put_right_and_stay_so(ward: Ward) -> None:
    asha = await ward.agreed("Asha Order")
    await saved(ward, asha)
    url = await link_of(asha, "GET 1")
    async with aiohttp.ClientSession() as web:
        async with web.post(f"{url}/pages") as answer:
            html = await answer.text()
        assert await shades(web, url, html) == [60, 140, 220]
        # The last one up, twice: the first page was sent last.
        for version, position in ((1, 3), (2, 2)):
            async with web.post(f"{url}/order", data={"version": version, "up": position}) as answer:
                assert answer.status == 200
                html = await answer.text()
        assert await shades(web, url, html) == [220, 60, 140]
        wanted = [PAGES[2], PAGES[0], PAGES[1]]
        assert await files_in(web, url) == wanted
        assert await files_in(web, await link_of(asha, "GET 1")) == wanted
        assert await files_in(web, await link_of(asha, "SHARE 1", "Pass this link on")) == wanted
        exported = await link_of(asha, "EXPORT", "Your reports are ready")
        assert await files_in(web, exported, "originals/") == wanted
    await asha.send_text("HISTORY 1")
    history = await asha.expect("pages put in order", timeout_s=15)
    assert "pages shown" in history.text


async def test_who_shares_a_report_hears_that_its_pages_were_looked_at(ward: Ward) -> None:
    asha = await ward.agreed("Asha Shared")
    await saved(ward, asha)
    url = await link_of(asha, "SHARE 1", "Pass this link on")
    async with aiohttp.ClientSession() as web:
        async with web.post(f"{url}/pages") as answer:
            html = await answer.text()
        assert 'action="order"' not in html
        assert await shades(web, url, html) == [60, 140, 220]
    await asha.expect("The link you shared to report 1 was opened", timeout_s=15)
