"""PDFs that are bombs, endless, broken, or bring something that wants to run."""

from __future__ import annotations

import zlib

from wipsie.testing.sample_reports.hostile.raw_pdf import (
    CATALOG,
    ONE_PAGE_TREE,
    PAGE,
    flate,
    one_page,
    raw_pdf,
    repeated,
    stream,
)

_MANY = 30_000


def page_tree_loop() -> bytes:
    """A page tree whose only child is itself."""
    return raw_pdf({1: CATALOG, 2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"})


def page_tree_deep(levels: int = _MANY) -> bytes:
    """A page tree as deep as a well, with one page at the bottom."""
    nodes = {
        number: b"<< /Type /Pages /Parent %d 0 R /Kids [%d 0 R] /Count 1 >>" % (max(number - 1, 1), number + 1)
        for number in range(2, levels + 2)
    }
    return raw_pdf({1: CATALOG, **nodes, levels + 2: PAGE.replace(b"2 0 R", b"%d 0 R" % (levels + 1))})


def page_count_lie() -> bytes:
    """Two thousand million pages, of which one is there."""
    return raw_pdf({1: CATALOG, 2: b"<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>", 3: PAGE})


def many_pages(pages: int) -> bytes:
    """So many empty pages."""
    kids = b" ".join(b"%d 0 R" % number for number in range(3, pages + 3))
    return raw_pdf(
        {
            1: CATALOG,
            2: b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, pages),
            **dict.fromkeys(range(3, pages + 3), PAGE),
        }
    )


def no_page() -> bytes:
    """A page tree without leaves."""
    return raw_pdf({1: CATALOG, 2: b"<< /Type /Pages /Kids [] /Count 0 >>"})


def length_loop() -> bytes:
    """A stream whose length is an object that points to one that points back."""
    return one_page(
        page=b"/Contents 4 0 R",
        more={4: b"<< /Length 5 0 R >>\nstream\nq Q\nendstream", 5: b"6 0 R", 6: b"5 0 R"},
    )


def table_loop() -> bytes:
    """A table of objects whose predecessor is itself."""
    return raw_pdf({1: CATALOG, 2: ONE_PAGE_TREE, 3: PAGE}, prev=-1)


def form_loop() -> bytes:
    """Two forms that draw each other, and many of them at a time."""
    draws = b"q " + b"/F Do " * 60 + b"Q"
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Resources << /XObject << /F %d 0 R >> >>"
    return one_page(
        page=b"/Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >>",
        more={4: stream(draws), 5: stream(draws, form % 6), 6: stream(draws, form % 5)},
    )


def form_billions(levels: int = 9, fan_out: int = 60) -> bytes:
    """Forms that draw forms that draw forms, each many times, so that the page would never be finished."""
    more = {4: stream(b"/F Do")}
    for level in range(levels):
        inside = b"/Resources << /XObject << /F %d 0 R >> >>" % (6 + level) if level < levels - 1 else b""
        keys = b"/Type /XObject /Subtype /Form /BBox [0 0 600 900] " + inside
        draws = b"/F Do " * fan_out if level < levels - 1 else b"0 0 m 600 900 l S " * fan_out
        more[5 + level] = stream(draws, keys)
    return one_page(page=b"/Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >>", more=more)


def nested_arrays(levels: int = 200_000) -> bytes:
    """Brackets within brackets, where a page's annotations should be."""
    return one_page(page=b"/Annots " + b"[" * levels + b"]" * levels)


def stream_bomb(unfolded_mib: int = 1_500) -> bytes:
    """A page whose instructions unfold to more than a process may hold."""
    block = (b"0 0 m 9 9 l S\n" * 74_899)[: 1024 * 1024]
    keys = b"/Filter [/FlateDecode /FlateDecode]"
    return one_page(page=b"/Contents 4 0 R", more={4: stream(zlib.compress(repeated(block, unfolded_mib), 9), keys)})


def picture_bomb(side: int = 30_000) -> bytes:
    """A page with one picture of 900 million pixels."""
    keys = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /FlateDecode" % (side, side)
    )
    return one_page(
        page=b"/Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >>",
        more={4: stream(b"q 595 0 0 842 0 0 cm /I Do Q"), 5: stream(repeated(b"\0" * (side * 3), side), keys)},
    )


def huge_page() -> bytes:
    """A page of three kilometres."""
    return raw_pdf({1: CATALOG, 2: ONE_PAGE_TREE, 3: PAGE.replace(b"595 842", b"9000000 9000000")})


def foreign_lock() -> bytes:
    """Locked by something that is no password."""
    return raw_pdf(
        {1: CATALOG, 2: ONE_PAGE_TREE, 3: PAGE, 4: b"<< /Filter /Example.Lock /V 9 /R 9 >>"},
        trailer=b"/Encrypt 4 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]",
    )


def script_on_opening() -> bytes:
    """A script that wants to run when the document is opened."""
    return one_page(catalog=b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")


def script_spelt_out() -> bytes:
    """The same, with the name written in numbers."""
    return one_page(catalog=b"/OpenAction << /S /#4aava#53cript /JS (app.alert\\(1\\)) >>")


def script_by_name() -> bytes:
    """A script in the name tree of the document."""
    return one_page(catalog=b"/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (app.alert\\(1\\)) >>] >> >>")


def starts_a_program() -> bytes:
    """A link that starts a program."""
    action = b"<< /S /Launch /F (calc.exe) >>"
    return one_page(page=b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 600 900] /A %b >>]" % action)


def carries_a_file() -> bytes:
    """A file within the file."""
    spec = b"<< /Type /Filespec /F (a.exe) /EF << /F 4 0 R >> >>"
    return one_page(
        catalog=b"/Names << /EmbeddedFiles << /Names [(a.exe) %b] >> >>" % spec,
        more={4: flate(b"MZ" + b"\0" * 100, b"/Type /EmbeddedFile")},
    )
