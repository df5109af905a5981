"""A summary as Markdown. What people wrote is words in it, never markup."""

from __future__ import annotations

from collections.abc import Iterator

from wipsie.slices.asyncops.domain.digest_pages.outline import Line, Outline
from wipsie.slices.asyncops.domain.digest_pages.texts import plain
from wipsie.slices.asyncops.domain.markdown import words


def as_markdown(outline: Outline, *, base_url: str = "") -> str:
    """`base_url` stands before paths."""
    return "\n".join(_lines(outline, base_url)).strip() + "\n"


def _lines(outline: Outline, base_url: str) -> Iterator[str]:
    yield from (f"# {_words(outline.title)}", "", f"_{_words(outline.period)}_", "")
    yield f"**{' '.join(_words(one) for one in outline.headline)}**"
    yield from ("", "| | | |", "|---|---|---|")
    for tile in outline.tiles:
        yield f"| {_words(tile.label)} | {_words(tile.value)} | {_words(tile.note)} |"
    for section in outline.sections:
        yield from ("", f"## {_words(section.title)}")
        for group in section.groups:
            if group.title:
                yield from ("", f"### {_words(group.title)}")
            yield ""
            for line in group.lines:
                yield from _line(line, base_url)
            if group.more:
                yield f"- and {group.more} more"
        if section.note:
            yield from ("", _words(section.note))
    if outline.quiet:
        yield from ("", _words(outline.quiet))


def _line(line: Line, base_url: str) -> Iterator[str]:
    label = _words(line.label)
    if line.path is not None and line.label:
        label = f"[{label}](<{base_url}{line.path}>)"
    text = _words(line.text)
    if line.path is not None and not line.label:
        text = f"[{text}](<{base_url}{line.path}>)"
    parts = (f"**{_words(line.badge)}**" if line.badge else "", label, text)
    note = f" ({_words(line.note)})" if line.note else ""
    yield f"- {' '.join(part for part in parts if part)}{note}"
    yield from (f"  - {_words(point)}" for point in line.points)


def _words(text: str) -> str:
    return words(plain(text))
