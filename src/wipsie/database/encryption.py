"""Why a connection with TLS cannot be had, in words that say what to change."""

from __future__ import annotations

import os
import ssl
from urllib.parse import parse_qsl, urlsplit

_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_NO_TLS = "rejected SSL upgrade"
"""How asyncpg says that the server answered "no" to the question for TLS."""
_READERS = frozenset(("PEM", "X509"))
"""The parts of OpenSSL that read certificates and keys."""
WRONG_NAME = frozenset({62, 64})
"""OpenSSL's numbers for a certificate of another host name or address."""


def encryption_advice(error: Exception, dsn: str) -> str | None:
    """A sentence without its stop, for an error of opening `dsn` that only a change of settings mends; None for others."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        if error.verify_code in WRONG_NAME:
            return (
                f"the server's certificate is made out to another name ({why}); write the host as the certificate does"
            )
        return (
            f"the server's certificate is not trusted ({why}); name the certificate of its authority with sslrootcert"
        )
    if isinstance(error, ConnectionError) and _NO_TLS in str(error):
        return "the server speaks no TLS, which sslmode asks for; set ssl = on there, or sslmode=prefer to do without"
    if isinstance(error, (OSError, ValueError)):
        return _unreadable_file(error, dsn)
    return None


def _unreadable_file(error: OSError | ValueError, dsn: str) -> str | None:
    """The file a URL names that cannot be read, or that is no certificate or key."""
    named = [(option, path) for option, path in parse_qsl(urlsplit(dsn).query) if option in _FILES]
    for option, path in named:
        if not os.access(path, os.R_OK):
            return f"the file of {option} cannot be read ({path}); check its path and rights"
    if named and isinstance(error, ssl.SSLError) and error.library in _READERS:
        files = ", ".join(path for _, path in named)
        return f"a file for TLS does not hold what it should ({files}); it must be a PEM file"
    return None
