"""The whole collection, and what must become of each of its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from wipsie.testing.sample_reports.hostile import pdfs, pictures
from wipsie.testing.sample_reports.hostile.raw_pdf import one_page, with_object_stream

_PDF = "application/pdf"
_SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
_HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"


@dataclass(frozen=True, kw_only=True)
class HostileFile:
    """One file, as a stranger would send it."""

    name: str
    file_name: str
    declared_type: str
    make: Callable[[], bytes] = field(repr=False)
    refused_for: frozenset[str] = frozenset()
    """The reason codes that are right. Empty: it is kept, with `flag`."""
    flag: str | None = None
    """What must be told of it when it is kept."""
    is_heavy: bool = False
    """Takes seconds and much memory to be made or to be seen through: only for processes with limits."""


def hostile_files() -> list[HostileFile]:
    """All of them. `make()` gives the bytes of one; the large ones take a second or two."""
    return [*_not_what_they_say(), *_pictures(), *_cut_and_broken(), *_pdfs(), *_with_flags()]


def hostile_names() -> list[str]:
    """File names that are paths, run backwards, break lines, or never end."""
    return [
        "../../etc/passwd",
        "..\\..\\windows\\system32\\report.pdf",
        "/etc/shadow",
        "C:\\report.pdf",
        "report\u202efdp.exe",
        "\u2066report\u2069.pdf",
        "re\u200bport\x00.pdf\x00.exe",
        "report\r\nSet-Cookie: a=b.pdf",
        "\u2028report\u2029.pdf",
        "a" * 5_000 + ".pdf",
        ".pdf",
        "...",
        "   ",
        "=cmd|' /C calc'!A0.pdf",
        "report\ud800.pdf",
        "..\uff0f..\uff0freport.pdf",
    ]


def _refused(
    name: str, file_name: str, kind: str, make: Callable[[], bytes], *reasons: str, heavy: bool = False
) -> HostileFile:
    return HostileFile(
        name=name,
        file_name=file_name,
        declared_type=kind,
        make=make,
        refused_for=frozenset(reasons),
        is_heavy=heavy,
    )


def _not_what_they_say() -> list[HostileFile]:
    return [
        _refused("nothing", "report.pdf", _PDF, lambda: b"", "empty"),
        _refused("svg-as-png", "scan.png", "image/png", lambda: _SVG, "not_accepted"),
        _refused("html-as-pdf", "report.pdf", _PDF, lambda: _HTML, "not_accepted"),
        _refused("program-as-pdf", "report.pdf", _PDF, lambda: b"MZ" + b"\x90" * 600, "not_accepted"),
        _refused("zip-as-pdf", "report.pdf", _PDF, pictures.a_zip, "not_accepted"),
        _refused("pdf-as-png", "scan.png", "image/png", one_page, "mismatch"),
        _refused("png-as-pdf", "report.pdf", _PDF, pictures.small_png, "mismatch"),
        _refused("pdf-named-exe", "report.exe", _PDF, one_page, "mismatch"),
        _refused("pdf-declared-html", "report.pdf", "text/html", one_page, "mismatch"),
        _refused("html-before-pdf", "report.pdf", _PDF, lambda: _HTML + one_page(), "not_accepted"),
        _refused("pdf-and-zip", "report.pdf", _PDF, lambda: one_page() + pictures.a_zip(), "polyglot"),
        _refused(
            "jpeg-and-zip", "scan.jpg", "image/jpeg", lambda: pictures.small_jpeg() + pictures.a_zip(), "polyglot"
        ),
        _refused("jpeg-and-html", "scan.jpg", "image/jpeg", lambda: pictures.small_jpeg(comment=_HTML), "polyglot"),
        _refused("jpeg-then-html", "scan.jpg", "image/jpeg", lambda: pictures.small_jpeg() + _HTML, "polyglot"),
        _refused("jpeg-and-pdf", "scan.jpg", "image/jpeg", lambda: pictures.small_jpeg(comment=one_page()), "polyglot"),
        _refused("png-and-svg", "scan.png", "image/png", lambda: pictures.small_png() + _SVG, "polyglot"),
        _refused(
            "pdf-and-html",
            "report.pdf",
            _PDF,
            lambda: one_page().replace(b"%\xe2\xe3\xcf\xd3", b"%" + _HTML, 1),
            "polyglot",
        ),
    ]


def _pictures() -> list[HostileFile]:
    too_many = ("too_many_pixels",)
    return [
        _refused("png-a-thousand-million", "a.png", "image/png", lambda: pictures.png_header_bomb(10**9, 1), *too_many),
        _refused("png-square-bomb", "a.png", "image/png", lambda: pictures.png_header_bomb(60_000, 60_000), *too_many),
        _refused(
            "png-real-bomb", "a.png", "image/png", lambda: pictures.png_data_bomb(40_000, 20_000), *too_many, heavy=True
        ),
        _refused("jpeg-bomb", "a.jpg", "image/jpeg", pictures.jpeg_header_bomb, *too_many),
        _refused("png-moving", "a.png", "image/png", pictures.animated_png, "animated"),
        _refused(
            "png-text-bomb",
            "a.png",
            "image/png",
            lambda: pictures.png_text_bomb(300 * 1024 * 1024),
            *("damaged", "too_heavy"),
            heavy=True,
        ),
    ]


def _cut_and_broken() -> list[HostileFile]:
    broken = ("damaged", "truncated")
    return [
        _refused("jpeg-cut", "a.jpg", "image/jpeg", lambda: _half(pictures.small_jpeg()), "truncated"),
        _refused("png-cut", "a.png", "image/png", lambda: _half(pictures.small_png()), "truncated"),
        _refused("pdf-cut", "a.pdf", _PDF, lambda: _half(pdfs.many_pages(20)), "truncated"),
        _refused("jpeg-head-only", "a.jpg", "image/jpeg", lambda: b"\xff\xd8\xff\xe0" + b"\x07" * 500, *broken),
        _refused("png-head-only", "a.png", "image/png", lambda: b"\x89PNG\r\n\x1a\n", *broken),
        _refused("pdf-head-only", "a.pdf", _PDF, lambda: b"%PDF-1.7\n%%EOF\n", "damaged"),
        _refused("png-wrong-sums", "a.png", "image/png", lambda: _flipped(pictures.small_png()), *broken),
        _refused("pdf-noise", "a.pdf", _PDF, lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF", "damaged"),
    ]


def _pdfs() -> list[HostileFile]:
    endless = ("damaged", "no_pages", "too_heavy")
    return [
        _refused("pdf-page-loop", "a.pdf", _PDF, pdfs.page_tree_loop, *endless),
        _refused("pdf-deep-tree", "a.pdf", _PDF, pdfs.page_tree_deep, *endless),
        _refused("pdf-count-lie", "a.pdf", _PDF, pdfs.page_count_lie, "too_many_pages", *endless),
        _refused("pdf-201-pages", "a.pdf", _PDF, lambda: pdfs.many_pages(201), "too_many_pages"),
        _refused("pdf-no-page", "a.pdf", _PDF, pdfs.no_page, "no_pages", "damaged"),
        _refused("pdf-huge-page", "a.pdf", _PDF, pdfs.huge_page, "damaged"),
        _refused("pdf-foreign-lock", "a.pdf", _PDF, pdfs.foreign_lock, "unknown_encryption", "damaged"),
        _refused("pdf-stream-bomb", "a.pdf", _PDF, pdfs.stream_bomb, "too_heavy", "damaged", heavy=True),
        _refused("pdf-form-billions", "a.pdf", _PDF, pdfs.form_billions, "too_heavy", "damaged", heavy=True),
        _refused("pdf-picture-bomb", "a.pdf", _PDF, pdfs.picture_bomb, "too_many_pixels", heavy=True),
        _refused("pdf-object-loop", "a.pdf", _PDF, pdfs.length_loop, *endless),
        _refused("pdf-table-loop", "a.pdf", _PDF, pdfs.table_loop, *endless),
        _refused("pdf-form-loop", "a.pdf", _PDF, pdfs.form_loop, *endless, heavy=True),
        _refused("pdf-nested-arrays", "a.pdf", _PDF, pdfs.nested_arrays, *endless),
    ]


def _with_flags() -> list[HostileFile]:
    hidden = b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
    makers: list[tuple[str, str, Callable[[], bytes]]] = [
        ("pdf-script", "javascript", pdfs.script_on_opening),
        ("pdf-script-spelt-out", "javascript", pdfs.script_spelt_out),
        ("pdf-script-by-name", "javascript", pdfs.script_by_name),
        ("pdf-script-hidden", "javascript", lambda: with_object_stream(hidden)),
        ("pdf-starts-a-program", "launch", pdfs.starts_a_program),
        ("pdf-carries-a-file", "embedded_files", pdfs.carries_a_file),
    ]
    return [
        HostileFile(name=name, file_name="a.pdf", declared_type=_PDF, make=make, flag=flag)
        for name, flag, make in makers
    ]


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    data = content.find(b"IDAT") + 12
    return content[:data] + bytes((content[data] ^ 0x55,)) + content[data + 1 :]
