"""TLS on the way to Redis: the options of the URL, and what goes wrong with certificates in words that name the option."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

OPTIONS = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_data",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_exclude_verify_flags",
        "ssl_include_verify_flags",
        "ssl_keyfile",
        "ssl_min_version",
        "ssl_password",
    }
)
"""What may stand in a URL that begins with rediss://."""
_PATHS = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
_CERT_REQS = ("required", "optional", "none")
_OTHER_HOST = (62, 64)
"""OpenSSL's numbers for a certificate of another host name or address."""


def caution(options: dict[str, Any]) -> str | None:
    """What an operator should know of TLS options that give up a check."""
    if options.get("ssl_cert_reqs") == "none":
        return (
            "The certificate of Redis is not checked (ssl_cert_reqs=none in QUEUE_URL), so another server could pose as it; "
            "name the file of its authority with ssl_ca_certs instead."
        )
    if options.get("ssl_check_hostname") is False:
        return (
            "Any certificate of a trusted authority is taken for that of Redis (ssl_check_hostname=false in QUEUE_URL); "
            "let Redis have one for its host name instead."
        )
    return None


def wrong_options(options: dict[str, Any]) -> str | None:
    """Why these options cannot be used, as far as this can be told without reading files."""
    if options.get("ssl_cert_reqs", "required") not in _CERT_REQS:
        return f"ssl_cert_reqs in QUEUE_URL is one of {', '.join(_CERT_REQS)}."
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        return "ssl_keyfile in QUEUE_URL needs ssl_certfile, the certificate the key is for."
    return None


def unusable(options: dict[str, Any], load: Callable[[], object]) -> str | None:
    """Why the files named in the options cannot be used now. `load` reads them; OSError, ValueError."""
    for option in _PATHS:
        path = options.get(option)
        if path is not None and (reason := _unreadable(Path(path))):
            return f"{path}, named by {option} in QUEUE_URL, cannot be read ({reason}); correct the path or its rights."
    try:
        load()
    except (OSError, ValueError) as error:
        return (
            f"The TLS options of QUEUE_URL cannot be used ({_reason(error)}): ssl_ca_certs, ssl_certfile and ssl_keyfile name "
            "files in PEM format, the last two of one pair, and ssl_password opens the key."
        )
    return None


def refused(address: str, error: BaseException) -> str | None:
    """What TLS had against this connection; None when the error is of another kind. `address` names the place."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        if cause.verify_code in _OTHER_HOST:
            return (
                f"The certificate of Redis at {address} is for another host ({cause.verify_message.rstrip('.')}); write the "
                "host it is for in QUEUE_URL, or let Redis have one for this host."
            )
        return (
            f"The certificate of Redis at {address} is not trusted ({cause.verify_message}); name the file of its authority "
            "in QUEUE_URL: ?ssl_ca_certs=/path/to/ca.pem."
        )
    reason = _reason(cause)
    if "certificate required" in reason or "handshake failure" in reason:
        return (
            f"Redis at {address} wants a certificate of its clients ({reason}); name ours in QUEUE_URL: "
            "?ssl_certfile=/path/to/client.pem&ssl_keyfile=/path/to/client.key."
        )
    if "alert" in reason and ("ca" in reason.split() or "certificate" in reason):
        return (
            f"Redis at {address} does not accept the certificate of ssl_certfile in QUEUE_URL ({reason}); use one that is "
            "signed by an authority Redis trusts."
        )
    return f"Redis at {address} does not speak TLS as we do ({reason}); where it speaks none, QUEUE_URL begins with redis://."


def _unreadable(path: Path) -> str | None:
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            path.open("rb").close()
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def _reason(error: Exception) -> str:
    """What OpenSSL says, without its file and line; never a part of what was read."""
    # Some errors of this kind come without the attribute.
    if reason := getattr(error, "reason", None):
        return str(reason).replace("_", " ").lower()
    return (str(error) or type(error).__name__)[:200]
