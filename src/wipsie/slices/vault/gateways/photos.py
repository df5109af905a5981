"""Photos of reports, made ready for OCR: upright, grey, lit evenly, lines level. Kept as they are; this is a passing copy.

Decodes what strangers send: for processes of the pool only, within limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wipsie.slices.vault.domain.files.images import opened_image, orientation_of
from wipsie.slices.vault.domain.files.kinds import FileKind
from wipsie.slices.vault.gateways.rasters import Raster, raster_of, resized
from wipsie.slices.vault.gateways.skew import levelled_lines

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE_PX = 2_200
"""A page of A4 then has about 190 dpi: enough for small print, and a second's work."""
_INCHES = 11.7
"""The long side of A4: photos rarely say how large what they show is."""
_GROWTH_MAX = 2.0
_LIGHT_GRID_PX = 48
"""Light changes slowly over a page; text is gone at this size."""
_WHITE = 255


def prepare_photo(content: bytes, kind: FileKind, *, pixels_max: int) -> Raster:
    """A photo as OCR takes it. Raises what `upright_photo` raises."""
    image = upright_photo(content, kind, pixels_max=pixels_max, long_side_px=LONG_SIDE_PX)
    level = levelled_lines(_evenly_lit(image.convert("L")))
    return raster_of(level, page=0, dpi=round(max(level.size) / _INCHES))


def upright_photo(content: bytes, kind: FileKind, *, pixels_max: int, long_side_px: int) -> Image:
    """In colours, as its orientation tag wants it, its long side `long_side_px`, or smaller where the photo has too little for
    that; with nothing in it but pixels.

    Raises what Pillow raises of broken files, `NoDecoder`, `TooManyPixels`, MemoryError.
    """
    from PIL import Image, ImageOps

    with opened_image(content, kind, pixels_max=pixels_max) as opened:
        orientation = orientation_of(opened)
        # A JPEG can be decoded at an eighth, a quarter or half of its size, in as much less memory.
        opened.draft("RGB", (long_side_px, long_side_px))
        opened.load()
        scale = min(long_side_px / max(opened.size), _GROWTH_MAX)
        image = resized(_on_white(opened), round(opened.width * scale), round(opened.height * scale))
    # Turning a small copy costs less than turning the photo.
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.info["exif"] = exif.tobytes()
    upright = ImageOps.exif_transpose(image)
    upright.info.clear()
    return upright


def _on_white(image: Image) -> Image:
    from PIL import Image as Images

    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Images.new("RGBA", layer.size, (_WHITE,) * 4)
    return Images.alpha_composite(paper, layer).convert("RGB")


def _evenly_lit(grey: Image) -> Image:
    """Without shadows, paper at white and ink at black: what is darker than its surroundings stays, and nothing else does."""
    from PIL import ImageChops, ImageFilter, ImageOps

    small = grey.copy()
    small.thumbnail((_LIGHT_GRID_PX * 8, _LIGHT_GRID_PX * 8))
    # The brightest point around is paper, even among letters.
    light = resized(small.filter(ImageFilter.MaxFilter(9)), _LIGHT_GRID_PX, _LIGHT_GRID_PX, is_smooth=False)
    light = resized(light.filter(ImageFilter.GaussianBlur(2)), *grey.size)
    even = ImageChops.subtract(grey, light, scale=1.0, offset=_WHITE)
    return ImageOps.autocontrast(even, cutoff=(1, 10))
