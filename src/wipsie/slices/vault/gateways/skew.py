"""How far the lines of a picture lean, and the picture with its lines level. Lean is found as people see it: turned right, lines
of text and the white between them are far apart."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from wipsie.slices.vault.gateways.rasters import Raster, image_of, raster_of, resized

if TYPE_CHECKING:
    from PIL.Image import Image

LEAN_DEGREES_MAX = 12.0
_COARSE_DEGREES = 1.5
_FINE_DEGREES = 0.25
_SMALL_PX = 700
_LEAST_DEGREES = 0.4
"""OCR reads over less than this."""
_WHITE = 255


def levelled_lines(grey: Image) -> Image:
    """A picture in mode L, turned back by its lean; the same one where it leans too little to matter."""
    from PIL import Image

    lean = lean_of(grey)
    if abs(lean) < _LEAST_DEGREES:
        return grey
    return grey.rotate(lean, Image.Resampling.BICUBIC, fillcolor=_WHITE)


def turned_back(raster: Raster, quarter_turns: int) -> Raster:
    """A page that lay on its side or on its head, upright and level. `quarter_turns`: counterclockwise."""
    level = levelled_lines(image_of(raster).rotate(90 * (quarter_turns % 4), expand=True))
    return raster_of(level, page=raster.page, dpi=raster.dpi)


def lean_of(grey: Image) -> float:
    """By how many degrees a picture must be turned counterclockwise for its lines to be level, within ± `LEAN_DEGREES_MAX`."""
    from PIL import ImageOps

    small = grey.copy()
    small.thumbnail((_SMALL_PX, _SMALL_PX))
    ink = ImageOps.invert(small)

    def levelness(angle: float) -> tuple[int, float]:
        # Nothing to see leans neither way.
        return _rows_apart(ink, angle), -abs(angle)

    steps = round(LEAN_DEGREES_MAX / _COARSE_DEGREES)
    coarse = max((step * _COARSE_DEGREES for step in range(-steps, steps + 1)), key=levelness)
    steps = round(_COARSE_DEGREES / _FINE_DEGREES)
    return max((coarse + step * _FINE_DEGREES for step in range(-steps, steps + 1)), key=levelness)


def _rows_apart(ink: Image, degrees: float) -> int:
    """How much the rows of the turned picture differ from their neighbours."""
    from PIL import Image

    turned = ink.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=0) if degrees else ink
    # A margin, or the corners that turning leaves empty would make edges of their own.
    width, height = turned.size
    middle = turned.crop((width // 10, height // 10, width - width // 10, height - height // 10))
    rows = resized(middle, 1, middle.height, is_smooth=False).tobytes()
    return sum((above - below) ** 2 for above, below in pairwise(rows))
