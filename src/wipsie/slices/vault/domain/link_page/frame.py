"""What all pages of links have in common: how they look, and what a browser may do with them."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

from wipsie.slices.vault.domain.languages import Language

_STYLE: Final = (
    ":root{color-scheme:light dark;--ink:#1b1b1b;--quiet:#5c5c58;--ground:#f4f4f2;--card:#fff;--edge:#d8d8d4;--accent:#075e54;"
    "--on-accent:#fff;--focus:#0b6bcb}"
    "@media(prefers-color-scheme:dark){:root{--ink:#eee;--quiet:#a9a9a5;--ground:#161616;--card:#222;--edge:#3a3a3a;"
    "--accent:#5ecdb8;--on-accent:#06241f;--focus:#7ab8ff}}"
    "*{box-sizing:border-box}"
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;display:grid;min-height:100vh;place-items:center;color:var(--ink);"
    "background:var(--ground)}"
    "main{width:100%;max-width:26rem;padding:1.5rem}h1{font-size:1.375rem;line-height:1.25;margin:0 0 .5rem}p{margin:.5rem 0 1rem}"
    "section+section{border-top:1px solid var(--edge);padding-top:1rem}section h1{font-size:1rem}section p{margin:.25rem 0 1rem}"
    "form{margin:0 0 .75rem}"
    "button{font:inherit;padding:.75rem 1.5rem;min-height:2.75rem;border:1px solid var(--accent);border-radius:.5rem;"
    "background:var(--accent);color:var(--on-accent);cursor:pointer}"
    "button.second{background:transparent;color:var(--accent)}"
    "button:focus-visible{outline:3px solid var(--focus);outline-offset:2px}"
    "button:disabled{opacity:.35;cursor:default}"
    ".ask button{width:100%}"
    ".pages{list-style:none;margin:1rem 0 1.5rem;padding:0}"
    ".pages li{display:flex;gap:1rem;align-items:center;margin:0 0 .75rem;padding:.75rem;background:var(--card);"
    "border:1px solid var(--edge);border-radius:.5rem}"
    ".pages li.moved{border-color:var(--accent)}"
    "figure{margin:0;flex:1;min-width:0}figcaption{margin-top:.25rem;font-size:.875rem;color:var(--quiet)}"
    # White behind, whatever the scheme: a page is paper.
    "img{display:block;max-width:100%;max-height:14rem;background:#fff;border:1px solid var(--edge)}"
    "@media(min-width:40rem){main{max-width:30rem}img{max-height:20rem}}"
    ".none{display:grid;place-items:center;width:9rem;max-width:100%;height:12rem;padding:.5rem;text-align:center;color:var(--quiet);"
    "border:1px dashed var(--edge)}"
    ".moves{display:flex;flex-direction:column;gap:.5rem}.moves button{width:2.75rem;padding:0;font-size:1.25rem;line-height:1}"
    ".note{padding:.5rem .75rem;border-left:4px solid var(--accent);background:var(--card)}"
)
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content security policy of the pages: nothing runs in them, their pictures are ours, and their forms go back to where they came from."""


def page(language: Language, title: str, body: str) -> str:
    """A whole page, as HTML. `body` is HTML."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow">'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
