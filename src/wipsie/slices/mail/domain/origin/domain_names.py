"""Names of domains in the one form in which they are compared: ASCII, small letters, no dot at the end."""

from __future__ import annotations

import re

NAME_CHARACTERS_MAX = 253
_NAME = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def is_dns_name(name: str) -> bool:
    """Whether DNS could know a name: labels of 1 to 63 printable characters of ASCII, 253 in all."""
    return (
        len(name) <= NAME_CHARACTERS_MAX
        and _NAME.fullmatch(name) is not None
        and all(0 < len(label) <= 63 for label in name.split("."))
    )


def ascii_domain(written: str) -> str | None:
    """A domain as somebody wrote it, in any case and script (RFC 5890: its A-labels); None for what is none, such as an
    address in brackets."""
    name = written.removesuffix(".").lower()
    if len(name) > NAME_CHARACTERS_MAX:
        return None
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii").removesuffix(".")
        except UnicodeError:
            return None
    return name if len(name) <= NAME_CHARACTERS_MAX and all(map(_HOST.fullmatch, name.split("."))) else None


def is_at_or_below(name: str, domain: str) -> bool:
    """Whether a name is the domain, or of it. Both in the one form."""
    return name == domain or name.endswith(f".{domain}")
