"""What the URL of a Redis may say, and what goes wrong with TLS on the way to it, in words that name setting and option."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio.connection import parse_url

from wipsie.database.encryption import WRONG_NAME
from wipsie.kernel.errors import ConfigurationError

_OPTIONS = frozenset(
    {
        "client_name",
        "db",
        "host",
        "password",
        "path",
        "port",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
        "username",
    }
)
_TLS_OPTIONS = frozenset(
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
"""What may stand in a URL that begins with rediss:// as well."""
_PATHS = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
_CERT_REQS = ("required", "optional", "none")


def read_options(url: str, setting: str) -> dict[str, Any]:
    """The driver's options for a URL, read from `setting`. ConfigurationError, which shows no part of the login."""
    try:
        options = cast("dict[str, Any]", parse_url(url))
    except ValueError:
        # The driver's sentence may hold parts of the URL, and with them the password.
        raise ConfigurationError(
            f"{setting} is no Redis address; write redis://[user:password@]host:6379/0, rediss://… or unix://….",
            details={"setting": setting},
        ) from None
    known = _OPTIONS | _TLS_OPTIONS if is_secure(url) else _OPTIONS
    # The driver's own choice is a class; what somebody wrote into the URL is text.
    unknown = sorted(
        name
        for name, value in options.items()
        if name not in known and not (name == "connection_class" and isinstance(value, type))
    )
    if unknown:
        wrong = f"{setting} has an option '{unknown[0][:50]}' that Wipsie does not know; leave it out."
    elif options.get("ssl_cert_reqs", "required") not in _CERT_REQS:
        wrong = f"ssl_cert_reqs in {setting} is one of {', '.join(_CERT_REQS)}."
    elif "ssl_keyfile" in options and "ssl_certfile" not in options:
        wrong = f"ssl_keyfile in {setting} needs ssl_certfile, the certificate the key is for."
    else:
        if is_secure(url):
            # Without one OpenSSL would ask at the terminal for the password of a key that has one.
            options.setdefault("ssl_password", "")
        return options
    raise ConfigurationError(wrong, details={"setting": setting})


def is_secure(url: str) -> bool:
    """Whether the URL asks for TLS."""
    return urlsplit(url).scheme == "rediss"


def caution(options: dict[str, Any], setting: str) -> str | None:
    """What an operator should know of TLS options that give up a check."""
    if options.get("ssl_cert_reqs") == "none":
        return (
            f"The certificate of Redis is not checked (ssl_cert_reqs=none in {setting}), so another server could pose as it; "
            "name the file of its authority with ssl_ca_certs instead."
        )
    if options.get("ssl_check_hostname") is False:
        return (
            f"Any certificate of a trusted authority is taken for that of Redis (ssl_check_hostname=false in {setting}); "
            "let Redis have one for its host name instead."
        )
    return None


def unusable(options: dict[str, Any], load: Callable[[], object], setting: str) -> str | None:
    """Why the files named in the options cannot be used now. `load` reads them; OSError, ValueError."""
    for option in _PATHS:
        path = options.get(option)
        if path is not None and (reason := _unreadable(Path(path))):
            return f"{path}, named by {option} in {setting}, cannot be read ({reason}); correct the path or its rights."
    try:
        load()
    except (OSError, ValueError) as error:
        return (
            f"The TLS options of {setting} cannot be used ({_reason(error)}): ssl_ca_certs, ssl_certfile and ssl_keyfile name "
            "files in PEM format, the last two of one pair, and ssl_password opens the key."
        )
    return None


def refused_by_tls(address: str, error: BaseException, setting: str) -> str | None:
    """What TLS had against this connection; None when the error is of another kind. `address` names the place."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        if cause.verify_code in WRONG_NAME:
            return (
                f"The certificate of Redis at {address} is for another host ({cause.verify_message.rstrip('.')}); write the "
                f"host it is for in {setting}, or let Redis have one for this host."
            )
        return (
            f"The certificate of Redis at {address} is not trusted ({cause.verify_message}); name the file of its authority "
            f"in {setting}: ?ssl_ca_certs=/path/to/ca.pem."
        )
    reason = _reason(cause)
    if "certificate required" in reason or "handshake failure" in reason:
        return (
            f"Redis at {address} wants a certificate of its clients ({reason}); name ours in {setting}: "
            "?ssl_certfile=/path/to/client.pem&ssl_keyfile=/path/to/client.key."
        )
    if "alert" in reason and ("ca" in reason.split() or "certificate" in reason):
        return (
            f"Redis at {address} does not accept the certificate of ssl_certfile in {setting} ({reason}); use one that is "
            "signed by an authority Redis trusts."
        )
    return f"Redis at {address} does not speak TLS as we do ({reason}); where it speaks none, {setting} begins with redis://."


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
