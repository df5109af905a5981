"""What people type to reach this Wipsie: PUBLIC_URL, or the address this process listens on."""

from __future__ import annotations

from urllib.parse import urlsplit

from wipsie.api.middleware.host_rule import is_loopback
from wipsie.app.listening import url_of
from wipsie.app.settings import Settings


class PublicAddress:
    """Calling it gives the address, without a slash at its end."""

    def __init__(self, settings: Settings) -> None:
        self._chosen = settings.api.public_url
        self._listens_at = url_of(settings.api.host, settings.api.port)

    def __call__(self) -> str:
        return self._chosen or self._listens_at

    def listens_at(self, url: str) -> None:
        """The address that was taken, whatever port was asked for."""
        self._listens_at = url

    @property
    def is_https(self) -> bool:
        """Whether people come by https, whoever speaks it."""
        return self().startswith("https:")

    @property
    def other_host(self) -> str | None:
        """The name it is reached by from other machines; None when none is chosen."""
        host = urlsplit(self._chosen).hostname
        return None if host is None or is_loopback(host) else host
