"""Files on their way to becoming reports: several at once, the same again, photos of pages, locked ones."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from ward import Ward

from wipsie.testing.sample_reports import locked_report, sample_report

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BLOOD = sample_report(4, form="text_pdf")
OTHERS = [sample_report(number, form="text_pdf") for number in (5, 6)]


def page(shade: int) -> bytes:
    """A photo of a page with nothing on it."""
    out = io.BytesIO()
    Image.new("RGB", (300, 400), (shade, 250, 250)).save(out, "JPEG")
    return out.getvalue()


async def test_photos_sent_at_once_become_one_report_with_its_pages_in_order(ward: Ward) -> None:
    asha = await ward.agreed()
    pages = [page(shade) for shade in (200, 220, 240)]
    await asha.send_images(pages, gap_s=0.1)
    await ward.comes_to(3, "SELECT count(*) FROM vault_files WHERE state = 'staged'", timeout_s=40)
    assert not [one for one in asha.received if "photos" in one.text], "it asked while they still came"
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
    sizes = await ward.rows(
        "SELECT f.size FROM vault_files f JOIN vault_report_files r ON r.file = f.id ORDER BY r.report, r.position"
    )
    assert [row[0] for row in sizes][-3:] == [len(one) for one in pages]


async def test_the_same_file_again_is_asked_about(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.saved(asha, BLOOD)
    await ward.send_report(asha, BLOOD)
    question = await asha.expect("already, as report 1", kind="button", timeout_s=30)
    assert {choice.title for choice in question.choices} == {"Show it", "Keep both", "Discard"}
    await asha.tap("Discard")
    await ward.comes_into("IDLE", asha)
    await ward.send_report(asha, BLOOD)
    await asha.expect("already, as report 1", timeout_s=30)
    await asha.tap("Keep both")
    await asha.expect(kind="button", timeout_s=15)
    await asha.tap("Save")
    await asha.expect("Saved as report 2", timeout_s=15)


async def test_files_that_wait_come_one_after_the_other_with_the_answer_to_the_one_before(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.card_of(asha, BLOOD)
    before = len(asha.received)
    for one in OTHERS:
        await ward.send_report(asha, one)
    await asha.expect("2 more files are waiting", timeout_s=30)
    assert len(asha.received) == before + 1, "one notice for all"
    statement = "SELECT count(*) FROM vault_files WHERE state = 'staged'"
    await ward.comes_to(3, statement, timeout_s=30)
    await asha.tap("Save")
    await asha.expect("Saved as report 1. Next file:", timeout_s=15)
    await asha.send_text("CANCEL")
    await asha.expect("1 more file is waiting", timeout_s=15)
    await asha.tap("Next file")
    await asha.expect(kind="button", timeout_s=15)


async def test_a_locked_pdf_opens_with_its_password_which_is_kept_nowhere(ward: Ward) -> None:
    asha, password = await ward.agreed(), "Korallenriff-77"
    await ward.send_report(asha, locked_report(4, password))
    await asha.expect("is locked", timeout_s=30)
    await asha.send_text("wrong one")
    await asha.expect("did not open it", timeout_s=30)
    await asha.send_text(password)
    await asha.expect(kind="button", timeout_s=30)
    await asha.tap("Save")
    await asha.expect("Saved as report 1", timeout_s=15)
    found = [path for path in ward.parts.settings.data_dir.rglob("*") if path.is_file() and _holds(path, password)]
    assert found == []


def _holds(path: Path, password: str) -> bool:
    return password.encode() in path.read_bytes()


async def test_three_wrong_passwords_end_it(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.send_report(asha, locked_report(5, "right"))
    await asha.expect("is locked", timeout_s=30)
    for _ in range(2):
        await asha.send_text("wrong")
        await asha.expect("did not open it", timeout_s=30)
    await asha.send_text("wrong")
    await asha.expect("could not be opened, so it was not kept", timeout_s=30)
    await ward.comes_into("IDLE", asha)


async def test_a_draft_that_is_forgotten_is_put_aside_and_then_erased(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.card_of(asha, BLOOD)
    await ward.advance(31 * 60)
    await asha.expect("not saved yet", timeout_s=20)
    await ward.comes_into("PAUSED", asha)
    await asha.tap("Resume")
    await asha.expect("Check the details", timeout_s=15)
    await ward.advance(31 * 60)
    await ward.comes_into("PAUSED", asha)
    await ward.advance(24 * 3600 + 60)
    await ward.comes_into("IDLE", asha)
    await ward.comes_to(
        ["discarded"], "SELECT state FROM vault_files WHERE owner = :owner", owner=await ward.owner_of(asha)
    )
