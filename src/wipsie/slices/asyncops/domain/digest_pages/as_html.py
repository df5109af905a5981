"""A summary as HTML, for mail and browsers alike: styles stand in the elements, since many mail readers drop all others; what
only a browser or a better reader understands (dark colours) is added on top. Nothing is loaded from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from wipsie.slices.asyncops.domain.digest_pages.outline import Group, Line, Outline, Section, Tile, Tone
from wipsie.slices.asyncops.domain.digest_pages.texts import plain

_FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_TONES: dict[Tone, tuple[str, str]] = {
    "bad": ("#9f1f14", "#fdeceb"),
    "warn": ("#7a4b00", "#fff3da"),
    "good": ("#14633a", "#e4f5ea"),
    "plain": ("#414b5a", "#edf0f4"),
}
"""Ink and paper."""
_DARK = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
a:hover{text-decoration:underline!important}
@media (max-width:480px){.page{padding:12px 8px!important}.card{padding:16px 14px!important}.tile{width:46%!important}}
@media (prefers-color-scheme:dark){
.page{background:#11151b!important;color:#dde3ec!important}
.card{background:#1a2029!important;border-color:#2b3440!important}
.ink{color:#e8edf4!important}.soft{color:#9aa7b8!important}.rule{border-color:#2b3440!important}
.link{color:#8ab4ff!important}
.tile{background:#222a35!important}
.bad{color:#ffb4ab!important;background:#4a1712!important}
.warn{color:#ffd58a!important;background:#443009!important}
.good{color:#93e0b1!important;background:#12391f!important}
.plain{color:#c6d0de!important;background:#2b3440!important}
.bad-ink{color:#ffb4ab!important}.warn-ink{color:#ffd58a!important}.good-ink{color:#93e0b1!important}
}
"""


def as_html(outline: Outline, *, base_url: str = "", ending: str = "") -> str:
    """A whole page. `base_url` stands before paths; `ending` is a last paragraph, in plain text."""
    return "".join(_page(outline, base_url, ending))


def as_fragment(outline: Outline, *, base_url: str = "") -> str:
    """What stands on the page, for readers of feeds, which bring a page of their own."""
    return "".join(_body(outline, base_url))


def _page(outline: Outline, base_url: str, ending: str) -> Iterator[str]:
    yield '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
    yield f"<title>{_text(outline.title)}</title><style>{_DARK}</style></head>"
    yield f'<body class="page" style="margin:0;padding:24px 12px;background:#f2f4f7;color:#1d2633;font:16px/1.5 {_FONT}">'
    # What mail readers show beside the subject.
    yield f'<div style="display:none;max-height:0;overflow:hidden">{_text(" ".join(outline.headline))}</div>'
    yield '<div style="max-width:680px;margin:0 auto">'
    yield from _body(outline, base_url)
    yield '<p class="soft" style="margin:20px 4px 0;font-size:13px;color:#667182">'
    if outline.path is not None:
        yield _link("Open this summary", outline.path, base_url)
    yield "</p>"
    if ending:
        yield f'<p class="soft" style="margin:4px 4px 0;font-size:13px;color:#667182">{_text(ending)}</p>'
    yield "</div></body></html>\n"


def _body(outline: Outline, base_url: str) -> Iterator[str]:
    yield _CARD
    yield f'<p class="soft" style="margin:0;font-size:13px;color:#667182">{_text(outline.period)}</p>'
    yield f'<h1 class="ink" style="margin:2px 0 10px;font-size:22px;line-height:1.25;color:#111827">{_text(outline.title)}</h1>'
    first, *others = outline.headline or ("",)
    yield f'<p class="ink" style="margin:0;font-size:17px;font-weight:600;color:#111827">{_text(first)}</p>'
    if others:
        yield f'<p style="margin:4px 0 0">{_text(" ".join(others))}</p>'
    yield '<div style="margin:14px -4px -4px;font-size:0">'
    yield from map(_tile, outline.tiles)
    yield "</div></div>"
    for section in outline.sections:
        yield from _section(section, base_url)
    if outline.quiet:
        yield f'{_CARD}<p class="good-ink" style="margin:0;color:#14633a">✓ {_text(outline.quiet)}</p></div>'


_CARD = (
    '<div class="card" style="margin:0 0 14px;padding:20px 22px;background:#ffffff;border:1px solid #e2e6ec;'
    'border-radius:12px;overflow-wrap:anywhere">'
)


def _tile(tile: Tile) -> str:
    ink = _TONES[tile.tone][0] if tile.tone != "plain" else "#111827"
    note = _text(tile.note) or "&nbsp;"
    tone = "ink" if tile.tone == "plain" else f"{tile.tone}-ink"
    return (
        '<div class="tile" style="display:inline-block;vertical-align:top;box-sizing:border-box;width:23%;min-width:138px;'
        'min-height:94px;margin:4px;padding:10px 12px;background:#f6f8fa;border-radius:8px">'
        f'<div class="soft" style="font-size:12px;color:#667182">{_text(tile.label)}</div>'
        f'<div class="{tone}" style="font-size:22px;font-weight:700;line-height:1.3;color:{ink}">{_text(tile.value)}</div>'
        f'<div class="soft" style="font-size:12px;line-height:1.3;color:#667182">{note}</div></div>'
    )


def _section(section: Section, base_url: str) -> Iterator[str]:
    yield f'{_CARD}<h2 class="ink" style="margin:0 0 6px;font-size:17px;color:#111827">{_text(section.title)}</h2>'
    for group in section.groups:
        yield from _group(group, base_url)
    if section.note:
        yield f'<p class="soft" style="margin:10px 0 0;font-size:14px;color:#667182">{_text(section.note)}</p>'
    yield "</div>"


def _group(group: Group, base_url: str) -> Iterator[str]:
    if group.title:
        yield (
            '<h3 class="soft" style="margin:12px 0 2px;font-size:12px;font-weight:600;letter-spacing:.04em;'
            f'text-transform:uppercase;color:#667182">{_text(group.title)}</h3>'
        )
    yield '<ul style="margin:0;padding:0;list-style:none">'
    for index, line in enumerate(group.lines):
        yield from _line(line, base_url, is_first=index == 0)
    if group.more:
        yield f'<li class="soft" style="padding:6px 0 0;font-size:14px;color:#667182">and {group.more} more</li>'
    yield "</ul>"


def _line(line: Line, base_url: str, *, is_first: bool) -> Iterator[str]:
    border = "" if is_first else "border-top:1px solid #edf0f4;"
    yield f'<li class="rule" style="{border}padding:8px 0">'
    if line.badge:
        ink, paper = _TONES[line.tone]
        yield (
            f'<span class="{line.tone}" style="display:inline-block;margin-right:8px;padding:1px 8px;border-radius:10px;'
            f'font-size:12px;font-weight:600;white-space:nowrap;color:{ink};background:{paper}">{_text(line.badge)}</span>'
        )
    if line.label:
        label = f'<span style="font-weight:600">{_words(line.label)}</span>'
        yield _link_to(label, line.path, base_url) if line.path is not None else label
        yield " "
    if line.text:
        text = _words(line.text)
        yield _link_to(text, line.path, base_url) if line.path is not None and not line.label else text
    if line.note:
        yield f'<div class="soft" style="font-size:13px;color:#667182">{_words(line.note)}</div>'
    if line.points:
        yield '<ul style="margin:4px 0 0;padding:0 0 0 20px">'
        yield from (f'<li style="margin:2px 0;font-size:15px">{_words(point)}</li>' for point in line.points)
        yield "</ul>"
    yield "</li>"


def _link(label: str, path: str, base_url: str) -> str:
    return _link_to(_text(label), path, base_url)


def _link_to(inner: str, path: str, base_url: str) -> str:
    href = escape(f"{base_url}{path}", quote=True)
    return f'<a class="link" href="{href}" style="color:#1f56c4;text-decoration:none">{inner}</a>'


def _text(text: str) -> str:
    return escape(plain(text), quote=True)


def _words(text: str) -> str:
    """What somebody wrote: set apart, so that a language that runs the other way moves nothing beside it."""
    return f"<bdi>{_text(text)}</bdi>"
