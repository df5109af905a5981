"""What engines of OCR say becomes words in their places."""

from __future__ import annotations

import importlib.util
import io

import pytest
from PIL import Image, ImageDraw

from wipsie.slices.vault.gateways.rapid_ocr import read_with_rapid_ocr, words_of_lines
from wipsie.slices.vault.gateways.rasters import Raster, image_of, raster_of
from wipsie.slices.vault.gateways.skew import lean_of, turned_back
from wipsie.slices.vault.gateways.tesseract import words_of_tsv

HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
RASTER = Raster(page=1, width_px=1000, height_px=2000, dpi=200, pgm=b"")


def striped(degrees: float) -> Image.Image:
    """Lines as of text, leaning."""
    image = Image.new("L", (600, 800), 255)
    draw = ImageDraw.Draw(image)
    for row in range(100, 700, 20):
        draw.rectangle((80, row, 520, row + 8), fill=0)
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def test_words_of_tesseract_have_fractions_of_the_page_for_places() -> None:
    printed = HEADER + (
        "1\t1\t0\t0\t0\t0\t0\t0\t1000\t2000\t-1\t\n"
        "5\t1\t1\t1\t1\t1\t100\t200\t50\t20\t96.5\tReported\n"
        "5\t1\t1\t1\t1\t2\t160\t200\t50\t20\t-1\t \n"
        '5\t1\t1\t1\t1\t3\t300\t200\t10\t20\t12.0\t"\n'
    )
    words = words_of_tsv(printed, RASTER)
    assert [(word.text, word.left, word.top, word.right, word.bottom) for word in words] == [
        ("Reported", 0.1, 0.1, 0.15, 0.11),
        ('"', 0.3, 0.1, 0.31, 0.11),
    ]
    assert [(word.page, word.confidence) for word in words] == [(1, 96.5), (1, 12.0)]


def test_words_of_a_line_share_its_box_by_their_length() -> None:
    box = [(100.0, 20.0), (200.0, 20.0), (200.0, 40.0), (100.0, 40.0)]
    words = words_of_lines([box], ["ab cd ab"], [0.9], RASTER)
    assert [word.text for word in words] == ["ab", "cd", "ab"]
    assert [word.left for word in words] == [0.1, 0.1375, 0.175]
    assert all((word.top, word.bottom, word.confidence, word.page) == (0.01, 0.02, 90, 1) for word in words)


@pytest.mark.skipif(importlib.util.find_spec("rapidocr") is not None, reason="RapidOCR is installed here")
def test_without_rapidocr_there_are_no_words_of_it() -> None:
    assert read_with_rapid_ocr(raster_of(Image.new("L", (10, 10)), page=0, dpi=200)) == ()


@pytest.mark.parametrize("degrees", [0.0, 2.5, -4.0, 9.0])
def test_the_lean_of_lines_is_found(degrees: float) -> None:
    assert lean_of(striped(degrees)) == pytest.approx(-degrees, abs=0.3)


def test_an_empty_page_does_not_lean() -> None:
    assert lean_of(Image.new("L", (60, 80), 255)) == 0


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_is_turned_back_as_asked(quarters: int) -> None:
    page = Image.new("L", (200, 300), 255)
    ImageDraw.Draw(page).rectangle((20, 40, 150, 50), fill=0)
    lying = page.rotate(-90 * quarters, expand=True)
    upright = image_of(turned_back(raster_of(lying, page=0, dpi=200), quarters))
    assert upright.size == page.size
    assert upright.tobytes() == page.tobytes()


def test_a_raster_is_a_portable_grey_map() -> None:
    raster = raster_of(Image.new("L", (7, 5), 200), page=0, dpi=200)
    read = Image.open(io.BytesIO(raster.pgm))
    assert (read.format, read.size, read.getpixel((0, 0))) == ("PPM", (7, 5), 200)
