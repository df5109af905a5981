"""Mail over SMTP."""

from __future__ import annotations

from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.tasks.gateways.mail_errors import MailRefused, MailUnavailable

_TLS_MODES = ("auto", "required", "none")


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server. `tls`: `implicit` from the first byte (smtps), `required` or `auto` by STARTTLS, `none`."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: str = "auto"
    timeout_s: float = 30.0

    def __repr__(self) -> str:
        return f"SmtpSettings(host={self.host!r}, port={self.port}, tls={self.tls!r})"


def parse_smtp_url(url: str) -> SmtpSettings:
    """``smtp://user:password@host:587?tls=required`` or ``smtps://host``. ConfigurationError says what is wrong.

    Ports default to 587 with a user, 25 without, 465 for smtps. With a password, TLS is required unless ``tls=none`` says
    that it may travel readable.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ConfigurationError("SMTP_URL must look like smtp://user:password@host:587 or smtps://host.")
    try:
        port = parts.port
    except ValueError:
        raise ConfigurationError("SMTP_URL has a port that is no number between 0 and 65535.") from None
    options = parse_qs(parts.query)
    unknown = sorted(set(options) - {"tls", "timeout_s"})
    if unknown:
        raise ConfigurationError(f"SMTP_URL has the unknown option '{unknown[0]}'; known are tls and timeout_s.")
    username = unquote(parts.username) if parts.username else None
    tls = options.get("tls", ["required" if username else "auto"])[0]
    if tls not in _TLS_MODES:
        raise ConfigurationError(f"SMTP_URL has tls={tls}; known are {', '.join(_TLS_MODES)}.")
    try:
        timeout_s = float(options.get("timeout_s", ["30"])[0])
    except ValueError:
        raise ConfigurationError("SMTP_URL has a timeout_s that is no number.") from None
    if not 0 < timeout_s <= 300:
        raise ConfigurationError("SMTP_URL has a timeout_s outside of 0 to 300.")
    implicit = parts.scheme == "smtps"
    return SmtpSettings(
        host=parts.hostname,
        port=port or (465 if implicit else 587 if username else 25),
        username=username,
        password=unquote(parts.password) if parts.password else None,
        tls="implicit" if implicit else tls,
        timeout_s=timeout_s,
    )


class SmtpMailer:
    """One connection per message: right for alerts, and nothing to keep alive between them."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """What circuit breakers and results call this server."""
        return f"smtp:{self._settings.host}:{self._settings.port}"

    async def deliver(self, message: EmailMessage) -> str:
        """Hand over; returns the server's last words. MailRefused for a final no, MailUnavailable for a passing one."""
        import aiosmtplib

        settings = self._settings
        try:
            _, answer = await aiosmtplib.send(
                message,
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=settings.password,
                use_tls=settings.tls == "implicit",
                start_tls={"implicit": False, "none": False, "required": True}.get(settings.tls),
                timeout=settings.timeout_s,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            reason = "; ".join(f"{refused.code} {refused.message}" for refused in error.recipients)
            raise _by_code(min(codes, default=550), reason) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _by_code(error.code, f"{error.code} {error.message}") from None
        except aiosmtplib.SMTPNotSupported as error:
            raise MailRefused(f"The mail server cannot carry this message: {error}", "MAIL_NOT_SUPPORTED") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            text = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise MailUnavailable(
                f"The mail server {settings.host}:{settings.port} cannot be used now: {text}"
            ) from None
        return answer


def _by_code(code: int, reason: str) -> Exception:
    """4xx and a lost connection pass (RFC 5321, 4.2.1); 5xx is final."""
    if code >= 500:
        return MailRefused(f"The mail server refused the message: {reason}")
    return MailUnavailable(f"The mail server asked to try later: {reason}")
