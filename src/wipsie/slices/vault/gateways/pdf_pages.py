"""The pages of a PDF: its words with their boxes where it has a text layer, else pictures for OCR.

Runs PDFium, which is not safe to share between threads: for processes of the pool only, within limits.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import msgspec

from wipsie.slices.vault.domain.files.pdfium import CannotOpen, opened_page, opened_pdf
from wipsie.slices.vault.domain.reading.reading import (
    WORD_CHARACTERS_MAX,
    WORDS_PER_PAGE_MAX,
    Word,
    letters_in,
    word_at,
)
from wipsie.slices.vault.gateways.rasters import RASTER_PIXELS_MAX, Raster, raster_of

if TYPE_CHECKING:
    from PIL.Image import Image

LETTERS_MIN = 40
"""A text layer with fewer letters on the first page is a stamp or a page number on a scan."""
OCR_DPI = 200
_POINTS_PER_INCH = 72
_CHARACTERS_PER_PAGE_MAX = 100_000
_DEVICE = 100_000
"""Places are asked for in pixels of a page this large, so that whole numbers are exact enough."""
_HYPHEN_AT_LINE_END = "\x02"


class PdfPages(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. Either `words` or `rasters` is empty; both are when no page asked for exists."""

    pages: int
    pages_read: int
    words: tuple[Word, ...] = ()
    rasters: tuple[Raster, ...] = ()


def read_pdf_pages(content: bytes, first_page: int, pages_max: int, password: str | None = None) -> PdfPages:
    """Words or pictures of the pages from `first_page` (from 0) on. Whether there is a text layer is decided by the first page
    of the document, for all. CannotOpen."""
    with opened_pdf(content, password) as document:
        pages: int = len(document)
        if pages == 0:
            raise CannotOpen("damaged")
        with opened_page(document, 0) as page:
            first_words = words_on(page, 0)
        is_text = letters_in(first_words) >= LETTERS_MIN
        words: list[Word] = []
        rasters: list[Raster] = []
        wanted = range(first_page, min(pages, first_page + pages_max))
        for index in wanted:
            if is_text and index == 0:
                words += first_words
                continue
            with opened_page(document, index) as page:
                if is_text:
                    words += words_on(page, index)
                else:
                    rasters.append(_raster(page, index))
        return PdfPages(pages=pages, pages_read=len(wanted), words=tuple(words), rasters=tuple(rasters))


def first_page_picture(content: bytes, long_side_px: int, password: str | None = None) -> Image:
    """In colours. CannotOpen."""
    with opened_pdf(content, password) as document, opened_page(document, 0) as page:
        width, height = page.get_size()
        return _picture(page, long_side_px / max(width, height))


def words_on(page: Any, index: int) -> tuple[Word, ...]:
    """The words of a `pypdfium2.PdfPage` in the order of its text layer, at most `WORDS_PER_PAGE_MAX`."""
    text_page = page.get_textpage()
    try:
        words: list[Word] = []
        for text, box in _runs(text_page):
            words.append(word_at(text, _on_page(page, box), page=index))
            if len(words) >= WORDS_PER_PAGE_MAX:
                break
        return tuple(words)
    finally:
        text_page.close()


_Box = tuple[float, float, float, float]


def _runs(text_page: Any) -> Iterator[tuple[str, _Box]]:
    """Characters without space between, each with the box around them, in the coordinates of the page."""
    from pypdfium2 import raw

    functions: Any = raw
    count: int = functions.FPDFText_CountChars(text_page)
    edges: Any = raw.FS_RECTF()
    place = ctypes.byref(edges)
    text, box = "", _no_box()
    for position in range(min(count, _CHARACTERS_PER_PAGE_MAX)):
        character = _character(functions.FPDFText_GetUnicode(text_page, position))
        if character.isspace() or len(text) >= WORD_CHARACTERS_MAX:
            if text:
                yield text, box
            text, box = "", _no_box()
        if character.isspace() or not character.isprintable():
            continue
        text += character
        # The loose box is as high as the font, whatever the letter: words of one line stand at one height.
        if functions.FPDFText_GetLooseCharBox(text_page, position, place):
            box = (
                min(box[0], edges.left),
                min(box[1], edges.bottom),
                max(box[2], edges.right),
                max(box[3], edges.top),
            )
    if text:
        yield text, box


def _no_box() -> _Box:
    return (math.inf, math.inf, -math.inf, -math.inf)


def _character(code: int) -> str:
    character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
    return "-" if character == _HYPHEN_AT_LINE_END else character


def _on_page(page: Any, box: _Box) -> _Box:
    """Left, top, right and bottom as fractions of the page as it is shown: PDFium knows its rotation and its crop box."""
    if box[0] > box[2]:
        return (0.0, 0.0, 0.0, 0.0)
    across: list[float] = []
    down: list[float] = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        place_x, place_y = _to_device(page, x, y)
        across.append(place_x / _DEVICE)
        down.append(place_y / _DEVICE)
    return (min(across), min(down), max(across), max(down))


def _to_device(page: Any, x: float, y: float) -> tuple[int, int]:
    from pypdfium2 import raw

    functions: Any = raw
    place_x, place_y = ctypes.c_int(), ctypes.c_int()
    functions.FPDF_PageToDevice(page, 0, 0, _DEVICE, _DEVICE, 0, x, y, ctypes.byref(place_x), ctypes.byref(place_y))
    return place_x.value, place_y.value


def _raster(page: Any, index: int) -> Raster:
    width, height = page.get_size()
    scale = OCR_DPI / _POINTS_PER_INCH
    pixels = width * height * scale * scale
    if pixels > RASTER_PIXELS_MAX:
        scale *= math.sqrt(RASTER_PIXELS_MAX / pixels)
    image = _picture(page, scale, is_grey=True)
    return raster_of(image, page=index, dpi=max(70, round(scale * _POINTS_PER_INCH)))


def _picture(page: Any, scale: float, *, is_grey: bool = False) -> Image:
    bitmap = page.render(scale=scale, grayscale=is_grey)
    try:
        # PDFium owns the pixels of a bitmap until it is closed; what leaves here owns its own.
        return cast("Image", bitmap.to_pil()).convert("L" if is_grey else "RGB")
    finally:
        bitmap.close()
