"""PDFium, as far as the vault uses it: one document at a time, in one thread, closed when done.

PDFium holds global state and mixes up documents that threads share (pypdfium2#303), so it runs in processes of its own.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

_ERRORS: dict[int, Literal["locked", "unknown_encryption"]] = {4: "locked", 5: "unknown_encryption"}
"""FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY of fpdfview.h; the others mean that it is no PDF to PDFium."""


class CannotOpen(Exception):
    """PDFium does not open it. `why`: locked, unknown_encryption, or damaged."""

    def __init__(self, why: Literal["locked", "unknown_encryption", "damaged"]) -> None:
        super().__init__(why)
        self.why: Literal["locked", "unknown_encryption", "damaged"] = why


def load_pdfium() -> None:
    """Have the library in the process, for work that may open no file."""
    importlib.import_module("pypdfium2")


@contextmanager
def opened_pdf(content: bytes, password: str | None = None) -> Generator[Any]:
    """A `pypdfium2.PdfDocument`. Raises CannotOpen."""
    import pypdfium2

    try:
        document: Any = pypdfium2.PdfDocument(content, password=password)
    except pypdfium2.PdfiumError as error:
        code: int | None = getattr(error, "err_code", None)
        raise CannotOpen(_ERRORS.get(code or 0, "damaged")) from None
    except UnicodeError:
        # A password with half a surrogate pair is not one.
        raise CannotOpen("locked") from None
    try:
        yield document
    finally:
        document.close()


@contextmanager
def opened_page(document: Any, index: int) -> Generator[Any]:
    """A `pypdfium2.PdfPage`, from 0. CannotOpen when PDFium has no such page, or it makes no sense."""
    import pypdfium2

    try:
        page: Any = document[index]
    except (pypdfium2.PdfiumError, IndexError):
        raise CannotOpen("damaged") from None
    try:
        yield page
    finally:
        page.close()


def is_encrypted(document: Any) -> bool:
    """Whether it is locked, be it with an empty password."""
    from pypdfium2 import raw

    functions: Any = raw
    return functions.FPDF_GetSecurityHandlerRevision(document) != -1


def attachments_in(document: Any) -> int:
    """How many files its name tree holds."""
    from pypdfium2 import raw

    functions: Any = raw
    return functions.FPDFDoc_GetAttachmentCount(document)


def scripts_in(document: Any) -> int:
    """How many scripts its name tree holds."""
    from pypdfium2 import raw

    functions: Any = raw
    return functions.FPDFDoc_GetJavaScriptActionCount(document)


def written_anew(document: Any) -> bytes:
    """All its objects again: those in compressed object streams stand by themselves, and nothing is encrypted."""
    import pypdfium2
    from pypdfium2 import raw

    flags: Any = raw.FPDF_REMOVE_SECURITY
    copy = io.BytesIO()
    try:
        document.save(copy, flags=flags)
    except pypdfium2.PdfiumError:
        return b""
    return copy.getvalue()
