"""Tesseract, as a program of its own: a picture goes in, words with their boxes come out. Where it is not installed, that is the
answer.

Layout mode 11 finds text wherever it stands, in no order: rows are put together from the boxes later (`domain.reading.lines`). Modes
that look for columns tear values from their labels, or leave a column of a photo out altogether.
Waits for its program: for processes of the pool.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import resource
import shutil
import subprocess
from collections.abc import Sequence
from typing import Literal

import msgspec

from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.reading.reading import WORDS_PER_PAGE_MAX, Word, word_at
from wipsie.slices.vault.gateways.rasters import Raster

PROGRAM = "tesseract"
HOW_TO_GET_IT = "Debian, Ubuntu: apt-get install tesseract-ocr; macOS: brew install tesseract."
MEMORY_BYTES_MAX = 768 * MIB
CPU_S_MAX = 60
_LAYOUT_MODE = "11"
_ORIENTATION_ONLY = "0"
_WORD_LEVEL = "5"
_LISTING_S_MAX = 10.0
_TURNS_S_MAX = 5.0
_CODES: dict[Language, str] = {"en": "eng", "hi": "hin", "es": "spa", "pt": "por", "de": "deu"}

OcrProblem = Literal["not_installed", "no_language", "timeout", "failed"]


class OcrUnavailable(Exception):
    """Nothing was read, and why; the report can be kept all the same.

    not_installed: there is no Tesseract; no_language: none of the wanted languages is installed; timeout: it took too long;
    failed: it ended with an error. `note`, for operators: what to do, or the program's own words; nothing of what the report
    says.
    """

    def __init__(self, problem: OcrProblem, note: str) -> None:
        super().__init__(problem, note)
        self.problem: OcrProblem = problem
        self.note = note


class Tesseract(msgspec.Struct, frozen=True, kw_only=True):
    """One that was found, with the languages it reads."""

    program: str
    languages: tuple[str, ...]
    """As it calls them."""

    def read(self, raster: Raster, *, timeout_s: float) -> tuple[Word, ...]:
        """The words of a page; none where there is no text. OcrUnavailable."""
        options = ["-l", "+".join(self.languages), "--psm", _LAYOUT_MODE, "--dpi", str(raster.dpi)]
        printed = _run(self.program, ["stdin", "stdout", *options, "tsv"], raster.pgm, timeout_s)
        return words_of_tsv(printed, raster)

    def quarter_turns(self, raster: Raster) -> int:
        """How many quarter turns counterclockwise would put the page upright; 0 also when Tesseract cannot tell."""
        options = ["--psm", _ORIENTATION_ONLY, "--dpi", str(raster.dpi)]
        try:
            printed = _run(self.program, ["stdin", "stdout", *options], raster.pgm, _TURNS_S_MAX)
        except OcrUnavailable:
            return 0
        for line in printed.splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "Orientation in degrees" and value.strip().isdigit():
                return int(value) // 90 % 4
        return 0


def find_tesseract(languages: Sequence[Language] = ("en",), program: str = PROGRAM) -> Tesseract:
    """The one that is installed. `languages`: the most likely first; those it cannot read are left out. OcrUnavailable."""
    found = shutil.which(program)
    if found is None:
        raise OcrUnavailable("not_installed", HOW_TO_GET_IT)
    wanted = tuple(dict.fromkeys(_CODES[language] for language in languages))
    installed = set(_run(found, ["--list-langs"], b"", _LISTING_S_MAX).split())
    readable = tuple(code for code in wanted if code in installed)
    if not readable:
        packages = " ".join(f"tesseract-ocr-{code}" for code in wanted)
        raise OcrUnavailable("no_language", f"Debian, Ubuntu: apt-get install {packages}.")
    return Tesseract(program=found, languages=readable)


def words_of_tsv(printed: str, raster: Raster) -> tuple[Word, ...]:
    """The words of Tesseract's table, at most `WORDS_PER_PAGE_MAX`; boxes as fractions of the page."""
    words: list[Word] = []
    for row in csv.DictReader(io.StringIO(printed), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row.get("text") or "").strip()
        if row.get("level") != _WORD_LEVEL or not text:
            continue
        left, top, width, height = (int(row[name]) for name in ("left", "top", "width", "height"))
        box = (
            left / raster.width_px,
            top / raster.height_px,
            (left + width) / raster.width_px,
            (top + height) / raster.height_px,
        )
        words.append(word_at(text, box, page=raster.page, confidence=min(max(float(row["conf"]), 0.0), 100.0)))
        if len(words) >= WORDS_PER_PAGE_MAX:
            break
    return tuple(words)


def _run(program: str, arguments: list[str], given: bytes, timeout_s: float) -> str:
    try:
        process = subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Several threads make one page slower, and two pages much slower.
            env={"PATH": os.defpath, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"},
        )
    except OSError as error:
        raise OcrUnavailable("not_installed", f"{error}. {HOW_TO_GET_IT}") from None
    with process:
        try:
            _limit(process.pid)
            printed, complaints = process.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise OcrUnavailable("timeout", f"It took more than {timeout_s:.3g} s.") from None
        finally:
            process.kill()
    if process.returncode != 0:
        words = complaints.decode("utf-8", "replace").strip().splitlines()
        raise OcrUnavailable("failed", (words[-1] if words else f"exit code {process.returncode}")[:300])
    return printed.decode("utf-8", "replace")


def _limit(process_id: int) -> None:
    # Set from outside: code that runs between fork and exec may hang in a lock of another thread. A pool that ends its process
    # leaves the program behind; it is over soon, then.
    with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
        for which, limit in ((resource.RLIMIT_DATA, MEMORY_BYTES_MAX), (resource.RLIMIT_CPU, CPU_S_MAX)):
            resource.prlimit(process_id, which, (limit, limit))
