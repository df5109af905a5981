"""PDFs written object by object, so that everything about them may be wrong on purpose."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE_TREE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"


def raw_pdf(objects: Mapping[int, bytes], *, trailer: bytes = b"", prev: int | None = None) -> bytes:
    """A PDF of these objects; 1 is the catalog. `trailer`: more keys of it; `prev`: where an older table is said to be."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places: dict[int, int] = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    size = max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
    more = trailer if prev is None else trailer + b" /Prev %d" % (table if prev < 0 else prev)
    out += b"trailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (size, more, table)
    return bytes(out)


def stream(content: bytes, keys: bytes = b"") -> bytes:
    """A stream object, as it is."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), keys, content)


def flate(content: bytes, keys: bytes = b"") -> bytes:
    """A compressed stream object."""
    return stream(zlib.compress(content, 9), b"/Filter /FlateDecode " + keys)


def repeated(block: bytes, times: int) -> bytes:
    """What zlib would make of a block repeated so often, without packing it more than once."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    # A full flush forgets what came before: what follows it may follow it again.
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(9, wbits=-zlib.MAX_WBITS).flush()
    checksum = 1
    for _ in range(times):
        checksum = zlib.adler32(block, checksum)
    return b"\x78\xda" + packed * times + end + checksum.to_bytes(4, "big")


def one_page(*, catalog: bytes = b"", page: bytes = b"", more: Mapping[int, bytes] | None = None) -> bytes:
    """A PDF of one page. `catalog`, `page`: keys added to them; `more`: objects from 4 on."""
    return raw_pdf(
        {
            1: CATALOG[:-2] + catalog + b" >>",
            2: ONE_PAGE_TREE,
            3: PAGE[:-2] + page + b" >>",
            **(more or {}),
        }
    )


def with_object_stream(hidden: bytes) -> bytes:
    """A PDF of one page whose catalog lies in a compressed object stream, together with the keys `hidden`."""
    catalog = CATALOG[:-2] + hidden + b" >>"
    inner = [(1, catalog), (2, ONE_PAGE_TREE), (3, PAGE)]
    head, body = b"", b""
    for number, content in inner:
        head += b"%d %d " % (number, len(body))
        body += content + b" "
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    place = len(out)
    out += b"4 0 obj\n%b\nendobj\n" % flate(head + body, b"/Type /ObjStm /N 3 /First %d" % len(head))
    table = len(out)
    rows = [(0, 0, 65535), (2, 4, 0), (2, 4, 1), (2, 4, 2), (1, place, 0), (1, table, 0)]
    entries = b"".join(
        bytes((kind,)) + where.to_bytes(4, "big") + generation.to_bytes(2, "big") for kind, where, generation in rows
    )
    out += b"5 0 obj\n%b\nendobj\n" % flate(entries, b"/Type /XRef /Size 6 /W [1 4 2] /Root 1 0 R")
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)
