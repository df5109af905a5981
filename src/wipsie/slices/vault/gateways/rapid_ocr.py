"""RapidOCR, where it is installed (extra `ocr-rapid`): slower and hungrier than Tesseract, and better with bad photos."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

from wipsie.slices.vault.domain.reading.reading import WORDS_PER_PAGE_MAX, Word, word_at
from wipsie.slices.vault.gateways.rasters import Raster, image_of

RAPID_OCR_S = 10.0
"""What a page may take, loading included; nobody can stop it in between."""
_PARAMETERS = {"Global.log_level": "critical"}


def read_with_rapid_ocr(raster: Raster) -> tuple[Word, ...]:
    """The words of a page; none where RapidOCR is not installed, fails, or finds nothing. Its models come with its package."""
    if importlib.util.find_spec("rapidocr") is None:
        return ()
    library: Any = importlib.import_module("rapidocr")
    numpy: Any = importlib.import_module("numpy")
    picture = numpy.asarray(image_of(raster).convert("RGB"))
    try:
        found: Any = library.RapidOCR(params=_PARAMETERS)(picture)
    # What it raises of a page it cannot read is its own affair; Tesseract's words stay.
    except Exception:
        return ()
    if found.boxes is None or found.txts is None:
        return ()
    corners = [[(float(x), float(y)) for x, y in box] for box in found.boxes]
    return words_of_lines(corners, list(found.txts), [float(score) for score in found.scores], raster)


def words_of_lines(
    boxes: Sequence[Sequence[tuple[float, float]]], texts: Sequence[str], scores: Sequence[float], raster: Raster
) -> tuple[Word, ...]:
    """RapidOCR finds lines, not words: the box of a line is shared out among its words by their length.

    `boxes`: corners in pixels; `scores`: 0 to 1. At most `WORDS_PER_PAGE_MAX`.
    """
    words: list[Word] = []
    for corners, text, score in zip(boxes, texts, scores, strict=True):
        across, down = [x for x, _ in corners], [y for _, y in corners]
        left, width = min(across), max(across) - min(across)
        start = 0
        for part in text.split():
            start = text.index(part, start)
            end = start + len(part)
            box = (
                (left + width * start / len(text)) / raster.width_px,
                min(down) / raster.height_px,
                (left + width * end / len(text)) / raster.width_px,
                max(down) / raster.height_px,
            )
            words.append(word_at(part, box, page=raster.page, confidence=score * 100))
            start = end
    return tuple(words[:WORDS_PER_PAGE_MAX])
