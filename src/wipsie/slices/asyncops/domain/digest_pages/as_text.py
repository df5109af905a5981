"""A summary as plain text: for terminals, and for mail readers that show no HTML."""

from __future__ import annotations

from collections.abc import Iterator

from wipsie.slices.asyncops.domain.digest_pages.outline import Line, Outline
from wipsie.slices.asyncops.domain.digest_pages.texts import plain


def as_text(outline: Outline, *, base_url: str = "", ending: str = "") -> str:
    """`base_url` stands before paths; `ending` is a last paragraph."""
    return "\n".join(_lines(outline, base_url, ending)).strip() + "\n"


def _lines(outline: Outline, base_url: str, ending: str) -> Iterator[str]:
    yield from (outline.title, "=" * len(outline.title), outline.period, "")
    yield from (plain(one) for one in outline.headline)
    yield ""
    for tile in outline.tiles:
        yield f"  {tile.label + ':':<16} {tile.value}{f'  ({plain(tile.note)})' if tile.note else ''}"
    for section in outline.sections:
        yield from ("", section.title, "-" * len(section.title))
        for group in section.groups:
            if group.title:
                yield f"{group.title}:"
            for line in group.lines:
                yield from _line(line)
            if group.more:
                yield f"  and {group.more} more"
        if section.note:
            yield plain(section.note)
    if outline.quiet:
        yield from ("", outline.quiet)
    if outline.path is not None:
        yield from ("", f"{base_url}{outline.path}")
    if ending:
        yield from ("", ending)


def _line(line: Line) -> Iterator[str]:
    badge = f"[{line.badge}] " if line.badge else ""
    words = " ".join(plain(part) for part in (line.label, line.text) if part)
    note = f" ({plain(line.note)})" if line.note else ""
    yield f"  * {badge}{words}{note}"
    for point in line.points:
        yield f"      - {plain(point)}"
