"""Traps in the skeleton of a PDF that PDFium steps over and other readers fall into, and pictures too large to unfold."""

from __future__ import annotations

import re

NESTING_MAX = 256
COUNT_MAX = 1_000_000
"""Of pages or outline entries. Nothing of 20 MB has so many."""
_TABLES_MAX = 1_000
"""Updates of one document: each save of an editor adds one."""
_NESTED = re.compile(rb"(?:(?:\[|<<)[\s\w/]{0,32}){%d}" % NESTING_MAX)
_COUNT = re.compile(rb"/Count\s+(\d{7,})")
_ONLY_A_REFERENCE = re.compile(rb"\b(\d{1,10})\s+\d+\s+obj\s+(\d{1,10})\s+\d+\s+R\s+endobj")
_START = re.compile(rb"startxref\s+(\d{1,10})")
_PREVIOUS = re.compile(rb"/Prev\s+(\d{1,10})")
_PICTURE = re.compile(rb"/Height\s+(\d{1,10})[^>]{0,400}?/Width\s+(\d{1,10})")
_TRAILER_BYTES = 4_096


def find_trap(content: bytes) -> str | None:
    """What is wrong with the skeleton, in a few words for operators, or None.

    Nesting without end, absurd counts, objects that are nothing but references and lead in a circle, and tables whose
    predecessor is one of their successors.
    """
    if _NESTED.search(content):
        return f"Nested more than {NESTING_MAX} levels deep."
    if any(int(match[1]) > COUNT_MAX for match in _COUNT.finditer(content)):
        return f"Counts more than {COUNT_MAX} pages."
    if _references_go_in_circles(content):
        return "Objects point to each other in a circle."
    if _tables_go_in_circles(content):
        return "The tables of objects follow each other in a circle."
    return None


def most_pixels(anew: bytes) -> int:
    """Of the largest picture in a PDF. `anew`: the document as PDFium writes it, where the keys of a picture stand in the
    order of the alphabet."""
    return max((int(match[1]) * int(match[2]) for match in _PICTURE.finditer(anew)), default=0)


def _references_go_in_circles(content: bytes) -> bool:
    next_of = {int(match[1]): int(match[2]) for match in _ONLY_A_REFERENCE.finditer(content)}
    cleared: set[int] = set()
    for first in next_of:
        chain: set[int] = set()
        number = first
        while number in next_of and number not in cleared:
            if number in chain:
                return True
            chain.add(number)
            number = next_of[number]
        cleared |= chain
    return False


def _tables_go_in_circles(content: bytes) -> bool:
    starts = [int(match[1]) for match in _START.finditer(content, max(len(content) - _TRAILER_BYTES, 0))]
    if not starts:
        return False
    seen: set[int] = set()
    place = starts[-1]
    while place < len(content):
        if place in seen or len(seen) >= _TABLES_MAX:
            return True
        seen.add(place)
        end = content.find(b"startxref", place)
        previous = _PREVIOUS.search(content, place, end if end >= 0 else len(content))
        if previous is None:
            return False
        place = int(previous[1])
    return False
