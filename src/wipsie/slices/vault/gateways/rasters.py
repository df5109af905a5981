"""Pictures of pages on their way to OCR, and the small ones people are shown."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

import msgspec

if TYPE_CHECKING:
    from PIL.Image import Image

THUMBNAIL_PX_MAX = 480
RASTER_PIXELS_MAX = 12_000_000
"""A little more than A4 at 300 dpi: what costs more than it tells."""
_THUMBNAIL_QUALITY = 70


class Raster(msgspec.Struct, frozen=True, kw_only=True):
    """A page in shades of grey, upright, as OCR takes it."""

    page: int
    """From 0."""
    width_px: int
    height_px: int
    dpi: int
    """What Tesseract is told: how large a letter may be expected."""
    pgm: bytes
    """Portable grey map, binary: a header line and one byte for each pixel."""


def raster_of(image: Image, *, page: int, dpi: int) -> Raster:
    """Of a picture in mode L."""
    header = b"P5 %d %d 255\n" % image.size
    return Raster(page=page, width_px=image.width, height_px=image.height, dpi=dpi, pgm=header + image.tobytes())


def image_of(raster: Raster) -> Image:
    """Back from `raster_of`, in mode L."""
    from PIL import Image as Images

    return Images.frombytes("L", (raster.width_px, raster.height_px), raster.pgm[-raster.width_px * raster.height_px :])


def resized(image: Image, width_px: int, height_px: int, *, is_smooth: bool = True) -> Image:
    """A copy of another size; `is_smooth`: by curves, else each pixel is the mean of those it stands for."""
    from PIL import Image as Images

    # Pillow's own types name an optional library here that is not installed.
    untyped = cast("Any", image)
    how = Images.Resampling.BICUBIC if is_smooth else Images.Resampling.BOX
    return cast("Image", untyped.resize((max(1, width_px), max(1, height_px)), how))


def thumbnail_of(image: Image) -> bytes:
    """A JPEG of at most `THUMBNAIL_PX_MAX` pixels a side, with nothing in it but pixels."""
    small = image.copy() if image.mode in {"L", "RGB"} else image.convert("RGB")
    small.thumbnail((THUMBNAIL_PX_MAX, THUMBNAIL_PX_MAX))
    # A saved copy of an opened picture would carry its place, time and camera along.
    small.info.clear()
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_THUMBNAIL_QUALITY, optimize=True)
    return out.getvalue()
