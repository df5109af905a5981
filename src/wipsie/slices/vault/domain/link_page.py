"""The page behind a link: a button, and no word of what it opens. Whoever previews a link, or crawls it, learns nothing and opens nothing."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

from wipsie.slices.vault.domain.languages import Language

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;display:grid;min-height:100vh;place-items:center;color:#1b1b1b;"
    "background:#f4f4f2}main{max-width:24rem;padding:1.5rem}h1{font-size:1.25rem}button{font:inherit;padding:.75rem 1.5rem;"
    "border:0;border-radius:.5rem;background:#075e54;color:#fff}button:focus-visible{outline:3px solid #0b6bcb}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}}"
)
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content security policy of the page: nothing runs in it, and its form goes back to where it came from."""

# Title, what to do, what the button says.
_ASK: Final[dict[Language, tuple[str, str, str]]] = {
    "en": (
        "A file is waiting for you",
        "It is downloaded when you press the button. Whoever it belongs to can see that it was opened.",
        "Download",
    ),
    "hi": (
        "आपके लिए एक फ़ाइल है",
        "बटन दबाने पर यह डाउनलोड होगी। यह जिसकी है, वह देख सकता है कि इसे खोला गया।",
        "डाउनलोड करें",
    ),
    "es": (
        "Hay un archivo para usted",
        "Se descarga al pulsar el botón. La persona a quien pertenece puede ver que se abrió.",
        "Descargar",
    ),
    "pt": (
        "Há um arquivo para você",
        "Ele é baixado quando você toca no botão. A pessoa a quem pertence pode ver que foi aberto.",
        "Baixar",
    ),
    "de": (
        "Eine Datei liegt für Sie bereit",
        "Sie wird geladen, sobald Sie auf den Knopf drücken. Wem sie gehört, kann sehen, dass sie geöffnet wurde.",
        "Herunterladen",
    ),
}
_REFUSED: Final[dict[Language, tuple[str, str]]] = {
    "en": ("This link does not open anything", "It is over, was used, or was taken back. Ask for a new one."),
    "hi": ("यह लिंक नहीं खुलता", "इसका समय पूरा हो गया, यह इस्तेमाल हो चुका, या वापस ले लिया गया। नया लिंक माँगें।"),
    "es": ("Este enlace no abre nada", "Ha caducado, ya se usó o fue retirado. Pida uno nuevo."),
    "pt": ("Este link não abre nada", "Ele expirou, já foi usado ou foi retirado. Peça um novo."),
    "de": (
        "Dieser Link öffnet nichts",
        "Er ist abgelaufen, verbraucht oder zurückgenommen. Bitten Sie um einen neuen.",
    ),
}


def ask_page(language: Language) -> str:
    """The page that asks whether to open a link, as HTML."""
    title, text, button = _ASK[language]
    form = f'<form method="post"><button>{escape(button)}</button></form>'
    return _page(language, title, f"<p>{escape(text)}</p>{form}")


def refused_page() -> str:
    """The page of every link that opens nothing, whatever the reason and whoever asks: in all languages, as nobody is known."""
    parts = [
        f'<section lang="{language}"><h1>{escape(title)}</h1><p>{escape(text)}</p></section>'
        for language, (title, text) in _REFUSED.items()
    ]
    return _page("en", _REFUSED["en"][0], "".join(parts), with_title=False)


def _page(language: Language, title: str, body: str, *, with_title: bool = True) -> str:
    heading = f"<h1>{escape(title)}</h1>" if with_title else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow">'
        f"<style>{_STYLE}</style></head><body><main>{heading}{body}</main></body></html>"
    )
