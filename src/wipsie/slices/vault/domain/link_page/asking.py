"""The page that asks, and no word of what it opens: whoever previews a link, or crawls it, learns nothing and opens nothing."""

from __future__ import annotations

from html import escape

from wipsie.slices.vault.domain.languages import LANGUAGES, Language
from wipsie.slices.vault.domain.link_page.frame import page
from wipsie.slices.vault.domain.link_page.texts import LINK_TEXTS


def ask_page(language: Language, look_at: str | None = None) -> str:
    """The page that asks whether to open a link, as HTML. `look_at`: where the form that shows the pages goes; None for what has
    none."""
    texts = LINK_TEXTS[language]
    forms = f'<form method="post"><button>{escape(texts.download)}</button></form>'
    if look_at is not None:
        forms += f'<form method="post" action="{escape(look_at)}"><button class="second">{escape(texts.look)}</button></form>'
    body = f'<h1>{escape(texts.ask_title)}</h1><p>{escape(texts.ask)}</p><div class="ask">{forms}</div>'
    return page(language, texts.ask_title, body)


def refused_page() -> str:
    """The page of every link that opens nothing, whatever the reason and whoever asks: in all languages, as nobody is known."""
    parts = [
        f'<section lang="{language}"><h1>{escape(LINK_TEXTS[language].refused_title)}</h1>'
        f"<p>{escape(LINK_TEXTS[language].refused)}</p></section>"
        for language in LANGUAGES
    ]
    return page("en", LINK_TEXTS["en"].refused_title, "".join(parts))
