"""Who may bring mail by SMTP and LMTP, for whom, and how much."""

from __future__ import annotations

from pathlib import Path

import msgspec

from wipsie.api.middleware.host_rule import is_loopback
from wipsie.kernel.errors import ConfigurationError
from wipsie.kernel.limits import MIB


class MailDoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """ConfigurationError for a door that nobody could use, or that anybody could."""

    host: str = "127.0.0.1"
    smtp_port: int | None = None
    """None: no SMTP. 0: any free port."""
    lmtp_port: int | None = None
    hostname: str = "localhost"
    """What the door calls itself in its greeting."""
    domains: frozenset[str] = frozenset()
    """Recipients of these domains are taken, in whatever case they stand; empty: all recipients."""
    size_bytes_max: int = 40 * MIB
    tls_certificate: Path | None = None
    """In PEM, with those that sign it; read when the door starts."""
    tls_key: Path | None = None
    require_tls: bool = False
    require_sign_in: bool = False
    connections_max: int = 100
    """Of SMTP and LMTP together."""
    recipients_max: int = 100
    """Of one mail. RFC 5321, 4.5.3.1.8, asks for no less than 100."""
    timeout_s: float = 300.0
    """How long a client may be silent; RFC 5321, 4.5.3.2.7, asks for five minutes."""
    spool: Path
    """Folder for mails that are coming in. Of this door alone; made when it is not there."""

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ConfigurationError(
                "The mail door has a TLS certificate or its key alone; set MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY, or none."
            )
        offers_tls = self.tls_certificate is not None
        if self.require_tls and not offers_tls:
            raise ConfigurationError(
                "MAIL_REQUIRE_TLS is set and there is no certificate; set MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY."
            )
        if not self.is_loopback and self.require_sign_in and not offers_tls:
            raise ConfigurationError(
                "MAIL_REQUIRE_SIGN_IN is set, and off this machine people sign in over TLS alone; "
                "set MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY."
            )
        if not (self.is_loopback or self.require_sign_in or self.domains):
            raise ConfigurationError(
                f"The mail door on {self.host} would take mail from anybody for anybody; set MAIL_DOMAINS, or "
                "MAIL_REQUIRE_SIGN_IN."
            )
        if (
            not self.hostname.isascii()
            or not self.hostname.isprintable()
            or not self.hostname.split() == [self.hostname]
        ):
            raise ConfigurationError("MAIL_HOSTNAME must be one ASCII word, such as mail.example.org.")
        numbers = {
            "size_bytes_max": self.size_bytes_max,
            "connections_max": self.connections_max,
            "recipients_max": self.recipients_max,
            "timeout_s": self.timeout_s,
        }
        for name, number in numbers.items():
            if number <= 0:
                raise ConfigurationError(f"The mail door's {name} is {number:g}; it must be more than 0.")

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone reaches the door."""
        return is_loopback(self.host)

    def takes_mail_for(self, domain: str) -> bool:
        """Whether recipients of a domain are taken."""
        return not self.domains or domain.casefold() in {one.casefold() for one in self.domains}
