"""Reports are read from their text layer, else by OCR, within their budget; what cannot be read is kept without words."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from roomy import read_report, thumbnail

from wipsie.kernel.clock import SystemClock
from wipsie.slices.vault.domain.reading import Reading
from wipsie.slices.vault.gateways import report_reader, thumbnails
from wipsie.testing.sample_reports import locked_report, sample_report
from wipsie.testing.sample_reports.hostile.pdfs import many_pages
from wipsie.testing.sample_reports.hostile.pictures import small_jpeg
from wipsie.workers.cpu_pool import CpuPool

ENGLISH = 2
"""The number of a report in English."""
needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract is not installed: apt-get install tesseract-ocr"
)


def stored(folder: Path, content: bytes) -> Path:
    path = folder / "report"
    path.write_bytes(content)
    return path


def turned(jpeg: bytes, quarters: int) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).rotate(90 * quarters, expand=True).save(out, "JPEG", quality=90)
    return out.getvalue()


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    image = Image.open(io.BytesIO(jpeg))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Canary Camera"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"Canary comment")
    return out.getvalue()


def test_a_pdf_with_text_is_read_without_ocr(tmp_path: Path) -> None:
    report = sample_report(ENGLISH, form="text_pdf")
    reading = read_report(stored(tmp_path, report.content), "pdf")
    assert reading.source == "text_layer"
    assert (reading.pages, reading.pages_read, reading.note) == (1, 1, "")
    assert reading.confidence == 100
    assert report.truth.hospital in reading.text
    assert all(0 <= word.left < word.right <= 1 and 0 <= word.top < word.bottom <= 1 for word in reading.words)


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("form", ["scanned_pdf", "photo"])
def test_a_scan_and_a_photo_are_read_by_ocr(form: str, tmp_path: Path) -> None:
    report = sample_report(ENGLISH, form=form)  # type: ignore[arg-type]
    reading = read_report(stored(tmp_path, report.content), "pdf" if form == "scanned_pdf" else "jpeg")
    assert reading.source == "ocr"
    assert reading.confidence > 60
    assert set(report.truth.hospital.split()) <= set(reading.text.split())


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_lies_on_its_side_is_turned(quarters: int, tmp_path: Path) -> None:
    report = sample_report(ENGLISH, form="photo")
    reading = read_report(stored(tmp_path, turned(report.content, quarters)), "jpeg")
    assert set(report.truth.hospital.split()) <= set(reading.text.split())


@needs_tesseract
@pytest.mark.slow
def test_a_photo_is_read_as_its_orientation_tag_says(tmp_path: Path) -> None:
    report = sample_report(ENGLISH, form="photo")
    # Tag 6: to be turned clockwise to be upright.
    reading = read_report(stored(tmp_path, with_exif(turned(report.content, 1), 6)), "jpeg")
    assert set(report.truth.hospital.split()) <= set(reading.text.split())


def test_a_locked_pdf_is_read_with_its_password_only(tmp_path: Path) -> None:
    report = locked_report(ENGLISH, "sesame")
    path = stored(tmp_path, report.content)
    assert report.truth.hospital in read_report(path, "pdf", "sesame").text
    for wrong in (None, "Sesame"):
        reading = read_report(path, "pdf", wrong)
        assert not reading.words
        assert "locked" in reading.note
    assert thumbnail(path, "pdf") is None
    assert thumbnail(path, "pdf", "sesame") is not None


def test_behind_the_last_page_there_is_nothing_to_read(tmp_path: Path) -> None:
    rest = read_report(stored(tmp_path, many_pages(5)), "pdf", None, 20.0, ("en",), 5, 3)
    assert (rest.pages, rest.pages_read, rest.words) == (5, 0, ())
    photo = read_report(stored(tmp_path, small_jpeg()), "jpeg", None, 20.0, ("en",), 1)
    assert (photo.pages_read, photo.words) == (0, ())


@needs_tesseract
def test_no_page_is_begun_when_the_time_is_over(tmp_path: Path) -> None:
    reading = read_report(stored(tmp_path, small_jpeg()), "jpeg", None, 0.0)
    assert (reading.source, reading.words, reading.pages_read) == ("none", (), 0)
    assert reading.note.startswith("timeout: ")


def test_without_tesseract_the_note_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reading = read_report(stored(tmp_path, small_jpeg()), "jpeg")
    assert reading.source == "none"
    assert reading.note.startswith("not_installed: ")
    assert "apt-get install tesseract-ocr" in reading.note


@needs_tesseract
def test_without_a_language_the_note_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\necho "List of available languages (1):"\necho osd\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    reading = read_report(stored(tmp_path, small_jpeg()), "jpeg", None, 20.0, ("hi", "en"))
    assert reading.note == "no_language: Debian, Ubuntu: apt-get install tesseract-ocr-hin tesseract-ocr-eng."


def test_what_was_read_counts_though_reading_it_turned_took_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext"
    program = tmp_path / "tesseract"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "  --list-langs) echo eng;;\n"
        '  *"--psm 0"*) echo "Orientation in degrees: 90";;\n'
        f"  *) [ -e {tmp_path}/again ] && exec sleep 60\n"
        f"     touch {tmp_path}/again\n"
        f'     printf "{header}\\n5\\t1\\t1\\t1\\t1\\t1\\t10\\t20\\t50\\t20\\t41\\tReported\\n";;\n'
        "esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    reading = read_report(stored(tmp_path, small_jpeg()), "jpeg", None, 1.0)
    assert (reading.text, reading.source, reading.pages_read) == ("Reported", "ocr", 1)


def test_a_photo_that_no_longer_decodes_is_a_report_without_words(tmp_path: Path) -> None:
    reading = read_report(stored(tmp_path, small_jpeg()[:200]), "jpeg")
    assert (reading.words, reading.source) == ((), "none")
    assert reading.note.startswith("It does not decode: ")


def test_a_tesseract_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\n[ "$1" = --list-langs ] && echo eng && exit\nexec sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    reading = read_report(stored(tmp_path, small_jpeg()), "jpeg", None, 0.4)
    assert reading.note.startswith("timeout: ")


@pytest.fixture
async def pool() -> AsyncIterator[CpuPool]:
    pool = CpuPool(clock=SystemClock(), processes_max=1)
    yield pool
    await pool.stop()


@pytest.mark.slow
async def test_reading_and_thumbnail_are_made_in_the_pool(pool: CpuPool, tmp_path: Path) -> None:
    report = sample_report(ENGLISH, form="text_pdf")
    path = stored(tmp_path, report.content)
    reading = await pool.run(report_reader.read_report, path, "pdf")
    assert report.truth.hospital in reading.text
    made = await pool.run(thumbnails.thumbnail, path, "pdf")
    assert made is not None
    assert made.startswith(b"\xff\xd8\xff")


def test_readings_travel_between_processes_and_into_sealed_columns(tmp_path: Path) -> None:
    reading = read_report(stored(tmp_path, sample_report(ENGLISH, form="text_pdf").content), "pdf")
    assert pickle.loads(pickle.dumps(reading)) == reading  # noqa: S301 - our own
    encoded = msgspec.json.encode(reading)
    assert msgspec.json.decode(encoded, type=Reading) == reading
    assert len(encoded) < 70 * len(reading.words)


@pytest.mark.parametrize("form", ["text_pdf", "photo"])
def test_a_thumbnail_is_small_and_holds_nothing_but_pixels(form: str, tmp_path: Path) -> None:
    is_pdf = form == "text_pdf"
    content = (
        sample_report(ENGLISH, form="text_pdf").content if is_pdf else with_exif(small_jpeg(width=600, height=900), 6)
    )
    made = thumbnail(stored(tmp_path, content), "pdf" if form == "text_pdf" else "jpeg")
    assert made is not None
    assert b"Canary" not in made
    assert b"Exif" not in made
    image = Image.open(io.BytesIO(made))
    assert max(image.size) == 480
    # The photo stood upright; its tag says that it is to be turned.
    assert (image.width > image.height) == (form == "photo")


def test_a_damaged_file_has_no_thumbnail(tmp_path: Path) -> None:
    assert thumbnail(stored(tmp_path, small_jpeg()[:200]), "jpeg") is None
