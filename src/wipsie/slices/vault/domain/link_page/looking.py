"""The pages of a report, small, one below the other; for its owner with buttons that move them. Works without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

import msgspec

from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.link_page.frame import page
from wipsie.slices.vault.domain.link_page.texts import LINK_TEXTS, LinkTexts


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the report."""

    picture: str | None
    """Where its picture is; None where there is none."""
    is_pdf: bool = False


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change that was asked for."""

    kind: Literal["moved", "stale"]
    page: int = 0
    """From 1: where it was."""
    to: int = 0


def look_page(
    language: Language,
    pages: Sequence[PageView],
    *,
    number: int,
    download_at: str,
    move_at: str | None = None,
    version: int = 0,
    note: Note | None = None,
) -> str:
    """As HTML. `number` and `version`: of the report; `download_at`, `move_at`: where the forms go, the second None where the order is
    not to be changed."""
    texts = LINK_TEXTS[language]
    title = texts.report.format(number=number)
    rows = "".join(_row(texts, pages, at, note, is_movable=move_at is not None) for at in range(len(pages)))
    shown = f'<ol class="pages">{rows}</ol>'
    if move_at is not None:
        shown = f'<form method="post" action="{escape(move_at)}"><input type="hidden" name="version" value="{version}">{shown}</form>'
    intro = texts.look_intro if move_at is None else texts.order_intro
    return page(
        language,
        title,
        f"<h1>{escape(title)}</h1>{_note(texts, note)}<p>{escape(intro)}</p>{shown}"
        f'<form class="ask" method="post" action="{escape(download_at)}"><button>{escape(texts.download)}</button></form>',
    )


def _note(texts: LinkTexts, note: Note | None) -> str:
    if note is None:
        return ""
    text = texts.stale if note.kind == "stale" else texts.moved.format(page=note.page, to=note.to)
    return f'<p class="note" role="status">{escape(text)}</p>'


def _row(texts: LinkTexts, pages: Sequence[PageView], at: int, note: Note | None, *, is_movable: bool) -> str:
    one, number = pages[at], at + 1
    name = (texts.pdf if one.is_pdf else texts.page).format(number=number)
    picture = (
        f'<div class="none">{escape(texts.no_picture)}</div>'
        if one.picture is None
        else f'<img src="{escape(one.picture)}" alt="{escape(name)}">'
    )
    is_moved = note is not None and note.kind == "moved" and note.to == number
    moves = _moves(texts, number, len(pages), note if is_moved else None) if is_movable else ""
    mark = ' class="moved"' if is_moved else ""
    return f"<li{mark}><figure>{picture}<figcaption>{escape(name)}</figcaption></figure>{moves}</li>"


def _moves(texts: LinkTexts, number: int, count: int, moved: Note | None) -> str:
    """Buttons up and down. After a move the one that was pressed has the focus, so that it can be pressed again, or the other one at
    an end."""
    focus = None
    if moved is not None:
        focus = "up" if (moved.to < moved.page and number > 1) or number == count else "down"
    buttons = ""
    for name, sign, label, is_end in (
        ("up", "↑", texts.up, number == 1),
        ("down", "↓", texts.down, number == count),
    ):
        state = " disabled" if is_end else " autofocus" if focus == name else ""
        buttons += (
            f'<button class="second" name="{name}" value="{number}" aria-label="{escape(label.format(number=number))}"{state}>'
            f"{sign}</button>"
        )
    return f'<div class="moves">{buttons}</div>'
