"""PDFs, opened page by page: what PDFium cannot read is not kept."""

from __future__ import annotations

from wipsie.slices.vault.domain.files.kinds import MEDIA_TYPES
from wipsie.slices.vault.domain.files.pdf_flags import flags_of
from wipsie.slices.vault.domain.files.pdf_structure import find_trap, most_pixels
from wipsie.slices.vault.domain.files.pdfium import CannotOpen, is_encrypted, opened_page, opened_pdf, written_anew
from wipsie.slices.vault.domain.files.verdict import FileAccepted, FileLimits, FileLocked, FileRefused, Verdict

_END_BYTES = 2_048
"""ISO 32000-1, note 18 of annex H: `%%EOF` within the last 1,024 bytes; senders add a little more."""
PAGE_POINTS_MAX = 14_400
"""ISO 32000-1, annex C: 200 inches. Larger pages are only ever made to be too large."""


def examine_pdf(content: bytes, limits: FileLimits, password: str | None = None) -> Verdict:
    """Open a PDF and every page of it. MemoryError when it takes more than this process may have."""
    if b"%%EOF" not in content[-_END_BYTES:]:
        # PDFium would mend it, and lose what is missing.
        return FileRefused(reason="truncated", kind="pdf")
    trap = find_trap(content)
    if trap is not None:
        return FileRefused(reason="damaged", kind="pdf", detail=trap)
    try:
        with opened_pdf(content, password) as document:
            pages: int = len(document)
            if pages == 0:
                return FileRefused(reason="no_pages", kind="pdf")
            if pages > limits.pages_max:
                return FileRefused(reason="too_many_pages", kind="pdf", detail=f"{pages} of {limits.pages_max} pages")
            for index in range(pages):
                with opened_page(document, index) as page:
                    width, height = page.get_size()
                    if not (0 < width <= PAGE_POINTS_MAX and 0 < height <= PAGE_POINTS_MAX):
                        return FileRefused(reason="damaged", kind="pdf", detail=f"Page {index + 1} has no sane size.")
            anew = written_anew(document)
            pixels = most_pixels(anew)
            if pixels > limits.pixels_max:
                return FileRefused(reason="too_many_pixels", kind="pdf", detail=f"A picture in it has {pixels} pixels.")
            return FileAccepted(
                kind="pdf",
                media_type=MEDIA_TYPES["pdf"],
                size=len(content),
                pages=pages,
                is_encrypted=is_encrypted(document),
                flags=flags_of(content, anew, document),
            )
    except CannotOpen as error:
        if error.why == "locked":
            return FileLocked(is_wrong_password=password is not None)
        return FileRefused(reason=error.why, kind="pdf")
