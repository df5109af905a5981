"""Feeds of the last summaries: RSS 2.0 and Atom (RFC 4287)."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import formatdate
from xml.sax.saxutils import escape, quoteattr

import msgspec

from wipsie.kernel.clock import utc_datetime
from wipsie.slices.asyncops.domain.digest_pages.texts import plain

TITLE = "Daily summaries"
ABOUT = "What happened in the team, day by day."


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One summary."""

    id: str
    title: str
    path: str
    at_ms: int
    html: str


def as_rss(entries: Sequence[FeedEntry], *, base_url: str, path: str) -> str:
    """RSS 2.0; the newest first. `path`: of the feed itself."""
    items = "".join(
        f"<item><title>{_text(one.title)}</title><link>{escape(base_url + one.path)}</link>"
        f'<guid isPermaLink="false">{escape(one.id)}</guid><pubDate>{_rfc822(one.at_ms)}</pubDate>'
        f"<description>{_markup(one.html)}</description></item>"
        for one in entries
    )
    built = f"<lastBuildDate>{_rfc822(entries[0].at_ms)}</lastBuildDate>" if entries else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{TITLE}</title><link>{escape(base_url)}/</link><description>{ABOUT}</description><language>en</language>"
        f'<atom:link href={quoteattr(base_url + path)} rel="self" type="application/rss+xml"/>{built}{items}</channel></rss>\n'
    )


def as_atom(entries: Sequence[FeedEntry], *, base_url: str, path: str) -> str:
    """Atom; the newest first."""
    items = "".join(
        f"<entry><title>{_text(one.title)}</title><id>urn:wipsie:{escape(one.id)}</id>"
        f"<link href={quoteattr(base_url + one.path)}/><updated>{_rfc3339(one.at_ms)}</updated>"
        f'<content type="html">{_markup(one.html)}</content></entry>'
        for one in entries
    )
    updated = _rfc3339(entries[0].at_ms if entries else 0)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{TITLE}</title><subtitle>{ABOUT}</subtitle><id>urn:wipsie:summaries</id><updated>{updated}</updated>"
        f'<author><name>Wipsie</name></author><link href={quoteattr(base_url + path)} rel="self"/>{items}</feed>\n'
    )


def _text(text: str) -> str:
    return escape(plain(text))


def _markup(html: str) -> str:
    """HTML as text within XML. Escaped, not wrapped in CDATA, which what somebody wrote could end."""
    return escape(html)


def _rfc822(at_ms: int) -> str:
    return formatdate(at_ms / 1000, usegmt=True)


def _rfc3339(at_ms: int) -> str:
    return utc_datetime(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ")
