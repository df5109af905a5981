"""HTML as plain text: what a reader would see, in lines.

The tokenizer is our own. That of the standard library takes quadratic time for tags and comments that are not closed, minutes
for a hundred kilobytes, and raises for some declarations (python/cpython#135462, #153030). Here each sign is looked at
a bounded number of times; what is not closed ends with the text, as in browsers.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import msgspec

from wipsie.slices.mail.domain.mime.html_tokens import EndTag, StartTag, tokens_of

URL_CHARACTERS_MAX = 2_000
_PARAGRAPH_NAMES = """
address article aside blockquote dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section
table ul
"""
_LINE_NAMES = "body caption center dd div dt figcaption html legend li option summary tbody tfoot thead tr"
_VOID_NAMES = "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
_PARAGRAPHS = frozenset(_PARAGRAPH_NAMES.split())
_LINES = frozenset(_LINE_NAMES.split())
_CELLS = frozenset({"td", "th"})
_VOID = frozenset(_VOID_NAMES.split())
_SKIPPED = frozenset({"audio", "canvas", "datalist", "map", "object", "select", "svg", "template", "video"})
# The end of the one before is left out more often than not.
_ENDS_ITSELF = frozenset({"dd", "dt", "li", "option", "p", "td", "th", "tr"})
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
# Soft hyphens and signs without width: put between letters and into previews, never seen.
_UNSEEN = re.compile("[\u00ad\u034f\u200b\u2060\ufeff]+")
# Python refuses to read numbers of thousands of digits, and no character has one of more than seven.
_HUGE_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
_URL_BLANKS = re.compile(r"[\x00-\x20\x7f]+")


class _Element(msgspec.Struct):
    name: str
    is_hidden: bool
    """It, or one around it."""
    is_preformatted: bool
    url: str | None = None
    text_from: int = 0
    """Where the text of a link begins among the pieces of the output."""


class _Writer:
    """Pieces of text with the white space that HTML means."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._newlines = 0
        self._space = False
        self._at_start = True

    def write(self, text: str, *, is_preformatted: bool = False) -> None:
        text = _UNSEEN.sub("", text)
        if is_preformatted:
            if text:
                self._flush(text)
            return
        words = " ".join(text.split())
        if not words:
            self._space = self._space or bool(text)
            return
        self._space = self._space or text[0].isspace()
        self._flush(words)
        self._space = text[-1].isspace()

    def line(self) -> None:
        self._newlines = max(self._newlines, 1)

    def paragraph(self) -> None:
        self._newlines = 2

    def line_break(self) -> None:
        self._newlines = min(self._newlines + 1, 2)

    def blank(self) -> None:
        self._space = True

    def _flush(self, text: str) -> None:
        if not self._at_start:
            self.pieces.append("\n" * self._newlines or (" " if self._space else ""))
        self._newlines = 0
        self._space = self._at_start = False
        self.pieces.append(text)


class _Page:
    """Reads tags and keeps the elements that are open."""

    def __init__(self) -> None:
        self._writer = _Writer()
        self._open: list[_Element] = []
        self._counts: dict[str, int] = {}
        """Open elements by name, so that an end that fits nothing costs nothing."""

    def text(self, text: str) -> None:
        if not self._is_hidden():
            self._writer.write(text, is_preformatted=bool(self._open) and self._open[-1].is_preformatted)

    def start(self, tag: StartTag) -> None:
        name = tag.name
        if name in _ENDS_ITSELF and self._open and self._open[-1].name == name:
            self._pop()
        if name == "a":
            # Links do not lie within links.
            self.end(EndTag("a"))
        if not self._is_hidden():
            self._break(name)
            if name == "li":
                self._writer.write("- ")
            elif name == "img" and not _is_hidden(tag):
                self._writer.write(_unescaped(tag.attributes.get("alt", "")))
        if name in _VOID:
            return
        outer = self._open[-1] if self._open else None
        element = _Element(
            name=name,
            is_hidden=(outer is not None and outer.is_hidden) or name in _SKIPPED or _is_hidden(tag),
            is_preformatted=name == "pre" or (outer is not None and outer.is_preformatted),
        )
        if name == "a" and not element.is_hidden:
            element.url = _url(tag.attributes.get("href", ""))
            element.text_from = len(self._writer.pieces)
        self._open.append(element)
        self._counts[name] = self._counts.get(name, 0) + 1

    def end(self, tag: EndTag) -> None:
        if tag.name == "br" and not self._is_hidden():
            self._writer.line_break()
        if self._counts.get(tag.name):
            while self._pop().name != tag.name:
                pass

    def result(self) -> str:
        while self._open:
            self._pop()
        return "".join(self._writer.pieces)

    def _pop(self) -> _Element:
        element = self._open.pop()
        self._counts[element.name] -= 1
        if element.url is not None:
            label = "".join(self._writer.pieces[element.text_from :]).strip()
            if not _is_same(label, element.url):
                self._writer.write(f" <{element.url}>" if label else f"<{element.url}>")
        if not element.is_hidden:
            self._break(element.name)
        return element

    def _break(self, name: str) -> None:
        if name == "br":
            self._writer.line_break()
        elif name in _PARAGRAPHS:
            self._writer.paragraph()
        elif name in _LINES:
            self._writer.line()
        elif name in _CELLS:
            self._writer.blank()

    def _is_hidden(self) -> bool:
        return bool(self._open) and self._open[-1].is_hidden


def text_of_html(source: str) -> str:
    """The text of a page or a piece of one, without markup, in lines. Links keep their text, and their address in angle
    brackets behind it when it says something else and leads to a page or a mailbox. Time and memory grow with the length alone."""
    page = _Page()
    for token in tokens_of(source):
        if isinstance(token, StartTag):
            page.start(token)
        elif isinstance(token, EndTag):
            page.end(token)
        else:
            page.text(_unescaped(token))
    return page.result()


def _unescaped(text: str) -> str:
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def _is_hidden(tag: StartTag) -> bool:
    return "hidden" in tag.attributes or bool(_HIDDEN_STYLE.search(tag.attributes.get("style", "")))


def _url(href: str) -> str | None:
    url = _URL_BLANKS.sub("", _unescaped(href[: 2 * URL_CHARACTERS_MAX]))
    if not 0 < len(url) <= URL_CHARACTERS_MAX or "<" in url or ">" in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https", "mailto"} and (parts.netloc or parts.path) else None


def _is_same(label: str, url: str) -> bool:
    """Whether the text of a link says its address already."""
    return _bare(label) == _bare(url)


def _bare(url: str) -> str:
    for prefix in ("https://", "http://", "mailto:"):
        url = url.removeprefix(prefix)
    return url.removeprefix("www.").rstrip("/").casefold()
