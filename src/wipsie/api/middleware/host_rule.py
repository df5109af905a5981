"""Which names this server answers to, against web pages that reach for a server on the reader's own machine.

A page can point its own domain at 127.0.0.1 (DNS rebinding): then the Host header carries the page's name. It can also
post to 127.0.0.1 directly, unread but executed: then the Origin header carries the page's name. Both are refused while the
API is open because only this machine can reach it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from wipsie.kernel.errors import Forbidden, HostNotAllowed

_KNOWN_MAX = 256
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def _name_of(host: str) -> str:
    """Host without port, brackets, trailing dot and case; empty when it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class HostRule:
    """Loopback names pass, and those allowed beside them: exact names, or ``*.example.com`` for all below a domain."""

    def __init__(self, *, allowed_hosts: Sequence[str] = (), trusted_origins: Sequence[str] = ()) -> None:
        """`trusted_origins` may change things from their pages, for example ``http://localhost:4200``; ``*`` trusts all."""
        self._exact = frozenset(host.lower().rstrip(".") for host in allowed_hosts if not host.startswith("*."))
        self._suffixes = tuple(host[1:].lower() for host in allowed_hosts if host.startswith("*."))
        self._trusts_all = "*" in trusted_origins
        self._trusted_origins = frozenset(origin.rstrip("/").lower() for origin in trusted_origins)
        # Host headers seen to be good: a set look-up instead of parsing, bounded because clients choose them.
        self._known: set[bytes] = set()

    def _allows(self, name: str) -> bool:
        return bool(name) and (is_loopback(name) or name in self._exact or name.endswith(self._suffixes))

    def check_host(self, host: bytes | None, count: int = 1) -> None:
        """HostNotAllowed unless there is exactly one Host header and its name is allowed."""
        if count == 1 and host in self._known:
            return
        text = (host or b"").decode("latin-1")
        if count != 1 or host is None or not self._allows(_name_of(text)):
            raise HostNotAllowed(
                f"This server does not answer to '{text}'; use a name it knows, such as http://127.0.0.1 or "
                "http://localhost from its own machine, or add the name to API_ALLOWED_HOSTS.",
                details={"host": text},
            )
        if len(self._known) < _KNOWN_MAX:
            self._known.add(host)

    def check_origin(self, origin: bytes, method: str) -> None:
        """Forbidden when a page of a foreign origin asks for a change."""
        if method in _SAFE_METHODS or self._trusts_all:
            return
        text = origin.decode("latin-1")
        if text.lower() in self._trusted_origins:
            return
        if "://" not in text or not self._allows(_name_of(text.partition("://")[2])):
            raise Forbidden(
                f"Pages of '{text}' may not change anything here; add the origin to CORS_ORIGINS to allow it.",
                details={"origin": text},
            )
