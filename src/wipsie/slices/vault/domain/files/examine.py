"""The verdict over a whole file."""

from __future__ import annotations

from wipsie.slices.vault.domain.files.bounded import within_limits
from wipsie.slices.vault.domain.files.claims import check_claims
from wipsie.slices.vault.domain.files.documents import examine_pdf
from wipsie.slices.vault.domain.files.images import examine_image, load_decoders
from wipsie.slices.vault.domain.files.pdfium import load_pdfium
from wipsie.slices.vault.domain.files.polyglots import find_second_file
from wipsie.slices.vault.domain.files.verdict import FileLimits, FileRefused, Verdict


def examine_file(
    content: bytes, declared_type: str | None, name: str | None, limits: FileLimits, password: str | None = None
) -> Verdict:
    """What a file is and whether it is taken; a pure function of its bytes and of what is claimed of them.

    `name`: cleaned. `password`: for a PDF that was locked. Decodes in this process and without limits of its own: for files one
    trusts. MemoryError.
    """
    kind = check_claims(content, len(content), declared_type=declared_type, name=name, limits=limits)
    if isinstance(kind, FileRefused):
        return kind
    second = find_second_file(content, kind)
    if second is not None:
        return FileRefused(reason="polyglot", kind=kind, detail=f"It is {second} too.")
    if kind == "pdf":
        return examine_pdf(content, limits, password)
    return examine_image(content, kind, limits)


def examine_file_within_limits(
    content: bytes, declared_type: str | None, name: str | None, limits: FileLimits, password: str | None = None
) -> Verdict:
    """The same, for files of strangers: without files and network, in a process that may die of it."""
    # Before the limits: libraries are files too.
    load_pdfium()
    load_decoders()
    try:
        with within_limits(memory_bytes_max=limits.memory_bytes_max, cpu_s_max=limits.cpu_s_max, opens_nothing=True):
            return examine_file(content, declared_type, name, limits, password)
    except MemoryError:
        return FileRefused(reason="too_heavy", detail=f"More than {limits.memory_bytes_max} bytes of memory.")
