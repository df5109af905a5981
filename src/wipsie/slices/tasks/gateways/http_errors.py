"""How a fetch can fail, sorted by what to do about it."""

from __future__ import annotations


class HttpRefused(Exception):
    """Never try again: the address, the URL or the answer is not acceptable. `code` is stable."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class AddressRefused(HttpRefused):
    """The host is, or resolves to, an address that is not public."""

    def __init__(self, host: str, address: str) -> None:
        shown = host if host == address else f"{host} ({address})"
        super().__init__(
            f"{shown} is not a public address; allow it by name or allow private networks in the settings.",
            "ADDRESS_REFUSED",
        )


class HttpUnreachable(Exception):
    """Try again later: no connection, no answer in time, or the connection broke."""
