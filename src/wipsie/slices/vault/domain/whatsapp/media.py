"""Media at Meta: their digests, where their bytes may be fetched from, and the answer that says where they lie."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import urlsplit

import msgspec

from wipsie.slices.vault.domain.whatsapp.json_values import Members, id_of, text_of, whole_of

HOST_SUFFIXES = (".fbsbx.com", ".facebook.com", ".fbcdn.net", ".whatsapp.net")
MEDIA_ID_LIFE_S = 7 * 24 * 3600
"""Of ids that come by webhook."""
MEDIA_URL_LIFE_S = 300
URL_CHARACTERS_MAX = 4_096
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_BYTES_MAX = 2**40


class MediaPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a look-up of a media id: where its bytes are for the next `MEDIA_URL_LIFE_S`, and what they are."""

    url: str
    mime_type: str | None = None
    sha256: str | None = None
    """64 hexadecimal digits."""
    size: int | None = None
    """In bytes, as Meta says."""


def sha256_hex(value: object) -> str | None:
    """A SHA-256 as 64 small hexadecimal digits, from those or from base64 (either alphabet, with or without padding); None for
    anything else. Webhooks bring base64, look-ups either."""
    if not isinstance(value, str) or len(value) > 100:
        return None
    if _HEX.fullmatch(value):
        return value.lower()
    plain = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        digest = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == 32 else None


def size_of(value: object) -> int | None:
    """A file's size in bytes, written as a number or as text."""
    size = whole_of(value)
    return size if size is not None and 0 <= size <= _BYTES_MAX else None


def read_media_place(answer: Members) -> MediaPlace | None:
    """Of the decoded answer to ``GET /{media_id}``; None when it names no URL."""
    url = text_of(answer.get("url"), URL_CHARACTERS_MAX + 1)
    if not url or len(url) > URL_CHARACTERS_MAX:
        return None
    return MediaPlace(
        url=url,
        mime_type=text_of(answer.get("mime_type"), 200),
        sha256=sha256_hex(answer.get("sha256")),
        size=size_of(answer.get("file_size")),
    )


def read_media_id(answer: Members) -> str | None:
    """Of the decoded answer to an upload."""
    return id_of(answer.get("id"))


def is_media_url(url: str, stand_in: str = "") -> bool:
    """Whether the token may be sent there: https, to a host of Meta. `stand_in`: the URL of one that the operator has named in Meta's
    place; what has its very scheme, host and port is allowed too."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None or any(sign <= " " for sign in url):
        return False
    if stand_in and origin_of(url) == origin_of(stand_in):
        return True
    return parts.scheme == "https" and port in (None, 443) and host.endswith(HOST_SUFFIXES)


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, with the port of the scheme where none is written. ValueError for a port that is none."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
