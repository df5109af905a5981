"""What the middlewares need to know of the request headers, read in one pass."""

from __future__ import annotations

from starlette.types import Scope

FACTS_KEY = "wipsie.header_facts"
"""Where the edge leaves them in the scope."""


class HeaderFacts:
    """Values as sent; None when absent. Of a repeated header the first counts, except Host, which must not repeat."""

    __slots__ = (
        "amz_target",
        "authorization",
        "chunked",
        "content_length",
        "cookie",
        "correlation_id",
        "fetch_site",
        "host",
        "hosts",
        "origin",
        "request_id",
    )

    def __init__(self, scope: Scope) -> None:
        self.host: bytes | None = None
        self.hosts = 0
        self.origin: bytes | None = None
        self.request_id: bytes | None = None
        self.correlation_id: bytes | None = None
        self.content_length: bytes | None = None
        self.chunked = False
        self.authorization: bytes | None = None
        self.cookie: bytes | None = None
        self.fetch_site: bytes | None = None
        self.amz_target: bytes | None = None
        for name, value in scope["headers"]:
            # By length first: most headers are none of these.
            match len(name):
                case 4 if name == b"host":
                    self.host = value
                    self.hosts += 1
                case 6 if name == b"origin":
                    self.origin = self.origin or value
                case 6 if name == b"cookie":
                    # HTTP/2 lets clients send one header for each cookie.
                    self.cookie = value if self.cookie is None else self.cookie + b"; " + value
                case 12 if name == b"x-request-id":
                    self.request_id = self.request_id or value
                case 12 if name == b"x-amz-target":
                    self.amz_target = self.amz_target or value
                case 13 if name == b"authorization":
                    self.authorization = self.authorization or value
                case 14 if name == b"content-length":
                    self.content_length = self.content_length or value
                case 14 if name == b"sec-fetch-site":
                    self.fetch_site = self.fetch_site or value
                case 16 if name == b"x-correlation-id":
                    self.correlation_id = self.correlation_id or value
                case 17 if name == b"transfer-encoding":
                    self.chunked = True
                case _:
                    pass


def find_header(scope: Scope, name: bytes) -> str | None:
    """One header (lower-case name), for endpoints that need a single one; None when absent."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None
