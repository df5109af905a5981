"""The small picture of a report: its first page, drawn anew, with nothing of the original in it but pixels."""

from __future__ import annotations

from pathlib import Path

from wipsie.slices.vault.domain.files import FileKind, FileLimits
from wipsie.slices.vault.domain.files.bounded import within_limits
from wipsie.slices.vault.domain.files.pdfium import CannotOpen
from wipsie.slices.vault.gateways.pdf_pages import first_page_picture
from wipsie.slices.vault.gateways.photos import upright_photo
from wipsie.slices.vault.gateways.rasters import THUMBNAIL_PX_MAX, thumbnail_of

_DRAWN_PX = THUMBNAIL_PX_MAX * 2
"""Drawn larger and made smaller: letters of a page drawn this small would break."""


def thumbnail(
    path: Path, kind: FileKind, password: str | None = None, limits: FileLimits | None = None
) -> bytes | None:
    """A JPEG of at most 480 pixels a side of a file that has been accepted; None where none can be made.

    Runs in the pool: OSError of the file; may end its process when `limits` are reached.
    """
    limits = limits or FileLimits()
    content = path.read_bytes()
    with within_limits(memory_bytes_max=limits.memory_bytes_max, cpu_s_max=limits.cpu_s_max):
        try:
            if kind == "pdf":
                return thumbnail_of(first_page_picture(content, _DRAWN_PX, password))
            return thumbnail_of(upright_photo(content, kind, pixels_max=limits.pixels_max, long_side_px=_DRAWN_PX))
        except CannotOpen:
            return None
        # It decoded when it was examined; whatever stops it here, a report is worth keeping without its thumbnail.
        except Exception:
            return None
