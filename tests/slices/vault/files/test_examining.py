"""Files as patients send them are taken, told for what they are, and locked ones open with their password only."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from wipsie.slices.vault.domain.files import (
    FileAccepted,
    FileLimits,
    FileLocked,
    FileRefused,
    Verdict,
    clean_file_name,
    examine_file,
    examine_file_within_limits,
)
from wipsie.slices.vault.gateways.examining import examine_path
from wipsie.testing.sample_reports import locked_report, sample_report
from wipsie.testing.sample_reports.hostile import hostile_names
from wipsie.testing.sample_reports.hostile.pdfs import many_pages
from wipsie.testing.sample_reports.hostile.pictures import small_jpeg, small_png
from wipsie.testing.sample_reports.hostile.raw_pdf import one_page

LIMITS = FileLimits()


def examined(content: bytes, declared: str | None = None, name: str | None = None, **limits: object) -> Verdict:
    return examine_file(content, declared, name, msgspec.structs.replace(LIMITS, **limits))


def refused_for(verdict: Verdict) -> str | None:
    return verdict.reason if isinstance(verdict, FileRefused) else None


def turned_jpeg(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("form", ["text_pdf", "scanned_pdf", pytest.param("photo", marks=pytest.mark.slow)])
def test_a_report_is_taken(form: str) -> None:
    report = sample_report(7, form=form)  # type: ignore[arg-type]
    verdict = examined(report.content, report.media_type, report.file_name)
    assert isinstance(verdict, FileAccepted), verdict
    assert verdict.media_type == report.media_type
    assert verdict.size == len(report.content)
    assert verdict.pages == 1
    assert not verdict.is_download_only


@pytest.mark.parametrize(
    ("content", "kind"), [(small_jpeg(), "jpeg"), (small_png(), "png"), (one_page(), "pdf")], ids=["jpeg", "png", "pdf"]
)
@pytest.mark.parametrize("declared", [None, "", "application/octet-stream"])
@pytest.mark.parametrize("name", [None, "report", "Dr. Example", "report.v2"])
def test_a_claim_that_says_nothing_contradicts_nothing(
    content: bytes, kind: str, declared: str | None, name: str | None
) -> None:
    verdict = examined(content, declared, name)
    assert isinstance(verdict, FileAccepted)
    assert verdict.kind == kind


def test_a_jpeg_that_calls_itself_png_is_a_picture_all_the_same() -> None:
    verdict = examined(small_jpeg(), "image/png", "scan.png")
    assert isinstance(verdict, FileAccepted)
    assert (verdict.kind, verdict.media_type) == ("jpeg", "image/jpeg")


@pytest.mark.parametrize(("orientation", "size"), [(1, (40, 20)), (3, (40, 20)), (6, (20, 40)), (8, (20, 40))])
def test_the_size_of_a_photo_is_that_of_the_photo_upright(orientation: int, size: tuple[int, int]) -> None:
    verdict = examined(turned_jpeg(orientation))
    assert isinstance(verdict, FileAccepted)
    assert (verdict.width_px, verdict.height_px) == size


def test_bounds_count_to_the_last_one() -> None:
    jpeg = small_jpeg(width=40, height=20)
    assert isinstance(examined(jpeg, bytes_max=len(jpeg)), FileAccepted)
    assert refused_for(examined(jpeg, bytes_max=len(jpeg) - 1)) == "too_large"
    assert isinstance(examined(jpeg, pixels_max=800), FileAccepted)
    assert refused_for(examined(jpeg, pixels_max=799)) == "too_many_pixels"
    pages = many_pages(5)
    assert isinstance(examined(pages, pages_max=5), FileAccepted)
    assert refused_for(examined(pages, pages_max=4)) == "too_many_pages"


def test_webp_is_behind_a_switch() -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(out, "WEBP")
    assert refused_for(examined(out.getvalue(), "image/webp", "a.webp")) == "switched_off"
    assert isinstance(examined(out.getvalue(), "image/webp", "a.webp", takes_webp=True), FileAccepted)


def test_heic_that_is_switched_on_without_its_library_says_what_to_install() -> None:
    head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100
    assert refused_for(examined(head, "image/heic", "a.heic")) == "switched_off"
    assert refused_for(examined(head, "image/heic", "a.heic", takes_heic=True)) in {
        "no_decoder",
        "damaged",
        "truncated",
    }


def test_a_locked_pdf_opens_with_its_password_only() -> None:
    content = locked_report(7, "sesame").content
    assert examine_file(content, None, None, LIMITS) == FileLocked()
    assert examine_file(content, None, None, LIMITS, "Sesame") == FileLocked(is_wrong_password=True)
    assert examine_file(content, None, None, LIMITS, "\ud800") == FileLocked(is_wrong_password=True)
    opened = examine_file(content, None, None, LIMITS, "sesame")
    assert isinstance(opened, FileAccepted)
    assert opened.is_encrypted


def test_a_password_for_a_pdf_without_a_lock_does_no_harm() -> None:
    opened = examine_file(one_page(), None, None, LIMITS, "sesame")
    assert isinstance(opened, FileAccepted)
    assert not opened.is_encrypted


def test_a_file_is_read_from_its_path_and_no_further_than_allowed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(one_page() + b"\n" * 5_000)
    verdict = examine_path(path, "application/pdf", "a.pdf", msgspec.structs.replace(LIMITS, bytes_max=1_000))
    assert refused_for(verdict) == "too_large"


@pytest.mark.parametrize(
    "verdict",
    [
        examine_file(one_page(), None, None, LIMITS),
        examine_file(b"", None, None, LIMITS),
        FileLocked(is_wrong_password=True),
    ],
    ids=["accepted", "refused", "locked"],
)
def test_verdicts_travel_between_processes_and_into_sealed_columns(verdict: Verdict) -> None:
    assert pickle.loads(pickle.dumps(verdict)) == verdict  # noqa: S301 - our own
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict


def test_limits_do_not_change_a_verdict() -> None:
    content = small_jpeg()
    # They hold for all of a process, and the one of the tests is large.
    roomy = msgspec.structs.replace(LIMITS, memory_bytes_max=16 << 30)
    assert examine_file_within_limits(content, None, None, roomy) == examine_file(content, None, None, LIMITS)


@pytest.mark.parametrize("written", hostile_names(), ids=range(len(hostile_names())))
def test_a_hostile_name_becomes_text_that_is_no_path(written: str) -> None:
    name = clean_file_name(written)
    if name is None:
        return
    assert 0 < len(name) <= 120
    assert not set(name) & set('/\\:"<>|?*\r\n\0\u202e\u2066\u2069\u200b\u2028\u2029')
    assert name.strip(" .") == name
    name.encode()


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("CBC Nov 2025.pdf", "CBC Nov 2025.pdf"),
        ("Befund Müller.pdf", "Befund Müller.pdf"),
        ("रिपोर्ट.pdf", "रिपोर्ट.pdf"),
        ("../../etc/passwd", "passwd"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ("x" * 200 + ".pdf", "x" * 116 + ".pdf"),
        (" . ", None),
        ("", None),
        (None, None),
    ],
)
def test_the_name_a_patient_chose_stays_as_far_as_it_can(written: str | None, clean: str | None) -> None:
    assert clean_file_name(written) == clean
