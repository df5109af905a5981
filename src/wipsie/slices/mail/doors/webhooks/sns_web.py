"""What must be fetched from Amazon SNS: the certificates it signs with, and the page that confirms a subscription.

The addresses come out of requests of strangers, so they are judged first: https, a host of SNS, no port, no user, no redirect.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import msgspec

from wipsie.kernel.clock import Clock, utc_datetime
from wipsie.kernel.errors import Unavailable
from wipsie.kernel.limits import KIB
from wipsie.slices.mail.doors.webhooks.refusals import NotGenuine

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

AddressRule = Callable[[SplitResult], bool]
"""Whether an address is one of SNS, by all but its path and query."""

FETCH_S_MAX = 5.0
ANSWER_BYTES_MAX = 64 * KIB
URL_CHARACTERS_MAX = 2_000
CERTIFICATES_MAX = 16
CERTIFICATE_AGE_S_MAX = 24 * 3600.0
WAITING_MAX = 16
"""Requests that wait for a certificate; strangers can name ones that do not exist."""
_HOST = re.compile(r"sns\.[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}\.amazonaws\.com(\.cn)?")
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]{8,64}\.pem")


def is_sns(parts: SplitResult) -> bool:
    """The rule for the SNS of Amazon."""
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None


class _Kept(msgspec.Struct, frozen=True):
    certificate: Certificate
    fetched_at_s: float


class SnsWeb:
    """One per process."""

    def __init__(self, clock: Clock, *, address_rule: AddressRule = is_sns) -> None:
        self._clock = clock
        self._address_rule = address_rule
        self._kept: dict[str, _Kept] = {}
        self._fetching = asyncio.Lock()
        self._waiting = 0

    async def signing_key(self, url: str) -> RSAPublicKey:
        """The key of the certificate at `url`. NotGenuine for another's address, and for a certificate that is none, or not of
        today; Unavailable while it cannot be fetched."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        self._check(url, _CERTIFICATE_PATH)
        certificate = self._known(url) or await self._fetched(url)
        now = utc_datetime(self._clock.now_ms())
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise NotGenuine("The certificate of the signature is not valid today; is the clock right?")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise NotGenuine("The certificate of the signature is not for RSA.")
        return key

    async def confirm(self, url: str) -> None:
        """Visit the page that confirms a subscription. NotGenuine for another's address, Unavailable when it does not answer 200."""
        self._check(url, None)
        status, _ = await self._get(url)
        if status != 200:
            raise Unavailable(f"SNS answered {status} to the confirmation of the subscription.", retry_after_s=10)

    def _check(self, url: str, path: re.Pattern[str] | None) -> None:
        try:
            # Blanks and control characters are dropped while it is taken apart.
            parts = urlsplit(url) if len(url) <= URL_CHARACTERS_MAX and url.isascii() and url.isprintable() else None
        except ValueError:
            parts = None
        if parts is None or " " in url or "\\" in url or not self._address_rule(parts):
            raise NotGenuine("The message names an address that is none of Amazon SNS.")
        if path is not None and (not path.fullmatch(parts.path) or parts.query or parts.fragment):
            raise NotGenuine("The message names an address where SNS keeps no certificate.")

    def _known(self, url: str) -> Certificate | None:
        kept = self._kept.get(url)
        if kept is None or self._clock.monotonic() - kept.fetched_at_s > CERTIFICATE_AGE_S_MAX:
            return None
        return kept.certificate

    async def _fetched(self, url: str) -> Certificate:
        from cryptography.x509 import load_pem_x509_certificate

        if self._waiting >= WAITING_MAX:
            raise Unavailable("Too many requests wait for a certificate of SNS.", retry_after_s=10)
        self._waiting += 1
        try:
            # One after another: those that wait for the same one find it fetched.
            async with self._fetching:
                known = self._known(url)
                if known is not None:
                    return known
                status, content = await self._get(url)
        finally:
            self._waiting -= 1
        if status >= 500 or status == 429:
            raise Unavailable(f"SNS answered {status} instead of its certificate.", retry_after_s=10)
        try:
            if status != 200:
                raise ValueError
            certificate = load_pem_x509_certificate(content)
        except ValueError:
            raise NotGenuine("There is no certificate where the message says.") from None
        if len(self._kept) >= CERTIFICATES_MAX:
            self._kept.pop(min(self._kept, key=lambda one: self._kept[one].fetched_at_s))
        self._kept[url] = _Kept(certificate, self._clock.monotonic())
        return certificate

    @staticmethod
    async def _get(url: str) -> tuple[int, bytes]:
        """Status and body, of which no more is read than a certificate has. Unavailable."""
        import aiohttp
        from yarl import URL

        try:
            # A client for each fetch: there is one a day.
            async with (
                asyncio.timeout(FETCH_S_MAX),
                aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
                # As it stands: another spelling would be another address.
                session.get(URL(url, encoded=True), allow_redirects=False) as response,
            ):
                content = b""
                async for chunk in response.content.iter_chunked(16 * KIB):
                    content += chunk
                    if len(content) > ANSWER_BYTES_MAX:
                        raise NotGenuine("What SNS should hold there is too large.")
                return response.status, content
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"SNS cannot be reached now: {type(error).__name__}.", retry_after_s=10) from None
