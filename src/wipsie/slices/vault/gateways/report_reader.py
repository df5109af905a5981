"""Reads a report: the text layer of a PDF where it has one, else OCR of its pages, for as long as its budget lasts.

PDF ──► text layer of page 1 has 40 letters? ── yes ──► words of the pages
 │                    └── no ──► pages at 200 dpi ─┐
photo ──► upright, evenly lit, lines level ────────┴─► Tesseract ──► few or doubtful words? ──► turned; or another engine
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from wipsie.slices.vault.domain.files import FileKind, FileLimits
from wipsie.slices.vault.domain.files.bounded import within_limits
from wipsie.slices.vault.domain.files.pdfium import CannotOpen
from wipsie.slices.vault.domain.languages import DEFAULT_LANGUAGE, Language
from wipsie.slices.vault.domain.reading.reading import Reading, Word, letters_in, mean_confidence
from wipsie.slices.vault.gateways.pdf_pages import LETTERS_MIN, PdfPages, read_pdf_pages
from wipsie.slices.vault.gateways.photos import prepare_photo
from wipsie.slices.vault.gateways.rapid_ocr import RAPID_OCR_S, read_with_rapid_ocr
from wipsie.slices.vault.gateways.rasters import Raster
from wipsie.slices.vault.gateways.skew import turned_back
from wipsie.slices.vault.gateways.tesseract import OcrUnavailable, Tesseract, find_tesseract

BUDGET_S = 20.0
PAGES_MAX = 3
"""Before the card is shown; the others are read after saving."""
DOUBTFUL = 60.0
"""A mean confidence under which a page may lie on its side, or deserves another engine."""


def read_report(
    path: Path,
    kind: FileKind,
    password: str | None = None,
    budget_s: float = BUDGET_S,
    languages: tuple[Language, ...] = (DEFAULT_LANGUAGE,),
    first_page: int = 0,
    pages_max: int = PAGES_MAX,
    limits: FileLimits | None = None,
) -> Reading:
    """What the pages from `first_page` (from 0) on say. For a file that has been accepted.

    `budget_s`: no page is begun after it, and none is read longer; `languages`: of OCR, the most likely first. Where nothing
    can be read, `note` says why. Runs in the pool: OSError of the file; may end its process when `limits` are reached.
    """
    until = time.monotonic() + budget_s
    limits = limits or FileLimits()
    content = path.read_bytes()
    try:
        with within_limits(memory_bytes_max=limits.memory_bytes_max, cpu_s_max=limits.cpu_s_max):
            pages = _pages(content, kind, password, first_page, pages_max, limits)
    except CannotOpen as error:
        return Reading(note=f"PDFium does not open it: {error.why}.")
    except MemoryError:
        return Reading(note=f"Reading it took more than {limits.memory_bytes_max} bytes of memory.")
    # Decoders of pictures raise what they like; it decoded when it was examined, and is kept whatever stops it here.
    except Exception as error:
        return Reading(note=f"It does not decode: {type(error).__name__}.")
    if pages.words or not pages.rasters:
        source = "text_layer" if pages.words else "none"
        return Reading(words=pages.words, source=source, pages=pages.pages, pages_read=pages.pages_read)
    try:
        tesseract = find_tesseract(languages)
    except OcrUnavailable as error:
        return Reading(pages=pages.pages, note=f"{error.problem}: {error.note}")

    words: list[Word] = []
    pages_read, note = 0, ""
    for raster in pages.rasters:
        try:
            words += _recognised(tesseract, raster, until)
        except OcrUnavailable as error:
            note = f"{error.problem}: {error.note}"
            break
        pages_read += 1
    return Reading(
        words=tuple(words), source="ocr" if words else "none", pages=pages.pages, pages_read=pages_read, note=note
    )


def _pages(
    content: bytes, kind: FileKind, password: str | None, first_page: int, pages_max: int, limits: FileLimits
) -> PdfPages:
    if kind == "pdf":
        return read_pdf_pages(content, first_page, pages_max, password)
    if first_page > 0:
        return PdfPages(pages=1, pages_read=0)
    raster = prepare_photo(content, kind, pixels_max=limits.pixels_max)
    return PdfPages(pages=1, pages_read=1, rasters=(raster,))


def _recognised(tesseract: Tesseract, raster: Raster, until: float) -> tuple[Word, ...]:
    words = tesseract.read(raster, timeout_s=_left(until))
    if not _is_doubtful(words):
        return words
    quarters = tesseract.quarter_turns(raster)
    if quarters:
        raster = turned_back(raster, quarters)
        # What was read before counts, whatever becomes of this.
        with contextlib.suppress(OcrUnavailable):
            words = max(words, tesseract.read(raster, timeout_s=_left(until)), key=_worth)
    if _is_doubtful(words) and until - time.monotonic() > RAPID_OCR_S:
        words = max(words, read_with_rapid_ocr(raster), key=_worth)
    return words


def _is_doubtful(words: tuple[Word, ...]) -> bool:
    return letters_in(words) < LETTERS_MIN or mean_confidence(words) < DOUBTFUL


def _worth(words: tuple[Word, ...]) -> float:
    return sum(len(word.text) * word.confidence for word in words if word.confidence >= DOUBTFUL)


def _left(until: float) -> float:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise OcrUnavailable("timeout", "The time for this report is over.")
    return left_s
