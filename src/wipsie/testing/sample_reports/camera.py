"""Paper seen by a scanner or a phone: blurred, grainy, tilted, unevenly lit, packed as JPEG. The same each time for the same
chance."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from typing import Any, cast

from fpdf import FPDF
from PIL import Image, ImageChops, ImageFilter

_WHITE = 255
_SCAN_DPI = (150, 200, 200, 300)
_PHOTO_LONG_SIDE_PX = (1600, 1600, 2048, 3000)
"""1600 is what WhatsApp leaves of a photo; the others came as documents."""
_TABLES = ((96, 74, 52), (40, 44, 50), (150, 140, 128), (70, 84, 96))

_Corner = tuple[float, float]


def page_picture(pdf: bytes, dpi: int) -> Image.Image:
    """The first page of a PDF, in colours."""
    import pypdfium2

    document: Any = pypdfium2.PdfDocument(pdf)
    try:
        page: Any = document[0]
        return cast("Image.Image", page.render(scale=dpi / 72).to_pil()).convert("RGB")
    finally:
        document.close()


def scanned(pdf: bytes, chance: random.Random) -> bytes:
    """The page as a flatbed scanner sees it, in a PDF without any text."""
    dpi = chance.choice(_SCAN_DPI)
    page = page_picture(pdf, dpi).convert("L")
    page = page.rotate(chance.uniform(-1.2, 1.2), Image.Resampling.BICUBIC, fillcolor=_WHITE)
    page = page.filter(ImageFilter.GaussianBlur(chance.uniform(0.2, 0.9) * dpi / 200))
    page = _grainy(page, chance, chance.uniform(0.02, 0.07))
    packed = _packed(page, chance.randrange(45, 85))
    return _as_pdf(packed, page.width * 72 / dpi, page.height * 72 / dpi)


def photographed(pdf: bytes, chance: random.Random) -> bytes:
    """The page on a table, as a phone sees it: from a side, by lamplight. A JPEG."""
    long_side = chance.choice(_PHOTO_LONG_SIDE_PX)
    page = page_picture(pdf, 220)
    frame = _frame(page, long_side)
    corners = _corners(frame, page, chance)
    table = Image.new("RGB", frame, chance.choice(_TABLES))
    inside = _coefficients(corners, (0, 0, page.width, page.height))
    sheet = page.transform(frame, Image.Transform.PERSPECTIVE, inside, Image.Resampling.BICUBIC)
    mask = Image.new("L", page.size, _WHITE).transform(frame, Image.Transform.PERSPECTIVE, inside)
    table.paste(sheet, (0, 0), mask)
    photo = _lit(table, chance)
    photo = photo.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.0) * long_side / 2000))
    photo = _grainy(photo, chance, chance.uniform(0.02, 0.08))
    return _packed(photo, chance.randrange(50, 88))


def _frame(page: Image.Image, long_side: int) -> tuple[int, int]:
    if page.height >= page.width:
        return round(long_side * 0.75), long_side
    return long_side, round(long_side * 0.75)


def _corners(frame: tuple[int, int], page: Image.Image, chance: random.Random) -> tuple[_Corner, ...]:
    """Where the corners of the page lie in the photo, clockwise from the upper left: tilted, and nearer on one side."""
    width, height = frame
    scale = min(width / page.width, height / page.height) * chance.uniform(0.9, 0.97)
    half_width, half_height = page.width * scale / 2, page.height * scale / 2
    tilt = chance.uniform(-0.07, 0.07)
    lean = chance.uniform(-0.04, 0.04)
    across = chance.uniform(-0.03, 0.03)
    placed: list[_Corner] = []
    for side, edge in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x = side * half_width * (1 + edge * lean)
        y = edge * half_height * (1 + side * across)
        placed.append((width / 2 + x - y * tilt, height / 2 + y + x * tilt))
    return tuple(placed)


def _coefficients(corners: tuple[_Corner, ...], box: tuple[float, float, float, float]) -> tuple[float, ...]:
    """The eight numbers by which Pillow finds the page behind each pixel of the photo: the solution of eight equations."""
    left, upper, right, lower = box
    sources = ((left, upper), (right, upper), (right, lower), (left, lower))
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(corners, sources, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(size):
            if row != column:
                factor = rows[row][column] / rows[column][column]
                rows[row] = [value - factor * above for value, above in zip(rows[row], rows[column], strict=True)]
    return tuple(rows[index][size] / rows[index][index] for index in range(size))


def _lit(photo: Image.Image, chance: random.Random) -> Image.Image:
    """Darker towards one side, as a lamp leaves it."""
    shade = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270)))
    depth = chance.uniform(0.15, 0.5)
    lightest = chance.randrange(225, 256)
    # Pillow's own types name an optional library here that is not installed.
    untyped = cast("Any", shade)
    shade = cast("Image.Image", untyped.point([round(lightest - (_WHITE - value) * depth) for value in range(256)]))
    return ImageChops.multiply(photo, _stretched(shade, photo.size).convert("RGB"))


def _grainy(image: Image.Image, chance: random.Random, strength: float) -> Image.Image:
    side = 256
    grain = Image.frombytes("L", (side, side), chance.randbytes(side * side))
    layer = Image.new("L", image.size)
    for x in range(0, image.width, side):
        for y in range(0, image.height, side):
            layer.paste(grain, (x, y))
    return Image.blend(image, layer.convert(image.mode), strength)


def _stretched(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.transform(size, Image.Transform.EXTENT, (0, 0, *image.size), Image.Resampling.BILINEAR)


def _packed(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _as_pdf(jpeg: bytes, width_points: float, height_points: float) -> bytes:
    pdf = FPDF(unit="pt", format=(width_points, height_points))
    pdf.set_creation_date(datetime(2025, 1, 1, tzinfo=UTC))
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.add_page()
    pdf.image(io.BytesIO(jpeg), 0, 0, width_points, height_points)
    return bytes(pdf.output())
