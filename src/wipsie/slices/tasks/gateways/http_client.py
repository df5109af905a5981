"""The HTTP client for addresses that come out of messages: bounded in time, size and redirects, and kept off private networks."""

from __future__ import annotations

import asyncio
import email.utils
import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from wipsie.kernel import json
from wipsie.slices.tasks.gateways.addresses import AddressPolicy, first_refused, literal_address
from wipsie.slices.tasks.gateways.http_errors import AddressRefused, HttpRefused, HttpUnreachable

if TYPE_CHECKING:
    import aiohttp

RETRY_AFTER_S_MAX = 3600.0
_BLANK = re.compile(r"[\s\x00-\x20\x7f]")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class HttpClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one exchange."""

    total_timeout_s: float = 30.0
    """Everything: name, connection, redirects and body."""
    connect_timeout_s: float = 10.0
    body_bytes_max: int = 10 * 1024 * 1024
    """After decompression."""
    redirects_max: int = 5
    connections_max: int = 50
    user_agent: str = "Wipsie"


class HttpAnswer(msgspec.Struct, frozen=True):
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes
    url: str
    """Where it came from in the end, without credentials."""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def retry_after_s(self, now_s: float) -> float | None:
        """Seconds of a Retry-After header (RFC 9110, 10.2.3: seconds or a date), at most an hour; None without one."""
        text = self.headers.get("retry-after", "").strip()
        if text.isdecimal():
            # More digits than anybody means would not fit a float.
            return min(float(text[:9]), RETRY_AFTER_S_MAX)
        parsed = email.utils.parsedate_tz(text)
        if parsed is None:
            return None
        try:
            moment_s = email.utils.mktime_tz(parsed)
        except (OverflowError, ValueError):
            return None
        return min(max(moment_s - now_s, 0.0), RETRY_AFTER_S_MAX)


def without_credentials(url: str) -> str:
    """The URL as it may be shown and stored: no user, password or fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def host_of(url: str) -> str:
    """Host and port of a URL in lower case; the unit circuit breakers watch."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    try:
        return parts.port or (443 if parts.scheme.lower() == "https" else 80)
    except ValueError:
        raise HttpRefused(f"{without_credentials(url)} has no usable port.", "URL_INVALID") from None


class HttpClient:
    """Opens its connection pool on first use; `stop` closes it."""

    def __init__(self, policy: AddressPolicy, settings: HttpClientSettings | None = None) -> None:
        self._policy = policy
        self._settings = settings or HttpClientSettings()
        self._session: aiohttp.ClientSession | None = None

    async def stop(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, url: str, headers: dict[str, str] | None = None) -> HttpAnswer:
        """Fetch, following redirects; each hop is judged like the first. HttpRefused or HttpUnreachable."""
        return await self._exchange("GET", url, headers or {}, None)

    async def post_json(self, url: str, value: Any, headers: dict[str, str] | None = None) -> HttpAnswer:
        """Post a JSON body. A redirect is an answer like any other: a body is not sent on to where nobody asked for it."""
        body = json.encode(value)
        return await self._exchange("POST", url, {"Content-Type": "application/json", **(headers or {})}, body)

    async def _exchange(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> HttpAnswer:
        import aiohttp

        shown = without_credentials(url)
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                return await self._follow(method, url, headers, body)
        except TimeoutError:
            raise HttpUnreachable(f"{shown} did not answer within {self._settings.total_timeout_s:g} s.") from None
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, UnicodeError) as error:
            raise HttpRefused(f"{shown} is not a usable URL ({type(error).__name__}).", "URL_INVALID") from None
        except (aiohttp.ClientError, OSError) as error:
            # The library's texts may hold the URL with its password, so only the kind of error is told.
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise HttpUnreachable(f"{shown} cannot be reached: {reason}.") from None

    async def _follow(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> HttpAnswer:
        from yarl import URL

        session = self._open_session()
        hops = 0
        while True:
            self._check(url)
            async with session.request(method, URL(url), headers=headers, data=body, allow_redirects=False) as response:
                location = response.headers.get("Location")
                if method == "GET" and response.status in _REDIRECTS and location:
                    hops += 1
                    if hops > self._settings.redirects_max:
                        raise HttpRefused(
                            f"{without_credentials(url)} redirects more than {self._settings.redirects_max} times.",
                            "TOO_MANY_REDIRECTS",
                        )
                    url = str(response.url.with_user(None).join(URL(location)))
                    continue
                content = await self._read(response)
                named = {name.lower(): value for name, value in response.headers.items()}
                return HttpAnswer(response.status, named, content, without_credentials(str(response.url)))

    def _check(self, url: str) -> None:
        """Scheme and literal addresses; names are judged when they are resolved."""
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or _BLANK.search(parts.netloc):
            raise HttpRefused(
                f"'{without_credentials(url)[:200]}' is not an http or https URL with a host.", "URL_INVALID"
            )
        host, port = parts.hostname, _port_of(url)
        literal = literal_address(host)
        if literal is None or self._policy.exempts(host) or first_refused([literal]) is None:
            return
        # The address as it stands: a grant does not cover other spellings of it.
        if not self._policy.grants_access(host, port):
            raise AddressRefused(host, literal)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._settings.body_bytes_max
        if response.content_length is not None and response.content_length > limit:
            raise self._too_large(response)
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_chunked(64 * 1024):
            size += len(chunk)
            if size > limit:
                raise self._too_large(response)
            chunks.append(chunk)
        return b"".join(chunks)

    def _too_large(self, response: aiohttp.ClientResponse) -> HttpRefused:
        shown = without_credentials(str(response.url))
        return HttpRefused(f"{shown} holds more than {self._settings.body_bytes_max} bytes.", "BODY_TOO_LARGE")

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            import aiohttp

            from wipsie.slices.tasks.gateways.resolver import guarded_resolver

            connector = aiohttp.TCPConnector(
                limit=self._settings.connections_max,
                # No cache: an answer is judged at the moment it is used.
                use_dns_cache=False,
                resolver=guarded_resolver(self._policy),
                socket_factory=self._socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                # Cookies of one sender's source are not shown to another's; proxies of the environment are not asked.
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                headers={"User-Agent": self._settings.user_agent, "Accept-Encoding": "gzip, deflate"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._settings.connect_timeout_s),
            )
        return self._session

    def _socket(self, addr_info: tuple[Any, ...]) -> socket.socket:
        """The last gate, where the address is a fact: nothing but the settings, or a grant for
        this very port, opens it for an address that is not public."""
        family, kind, protocol, _, address = addr_info
        target = str(address[0])
        allowed = self._policy.allow_private_networks or bool(self._policy.allowed_hosts)
        if not allowed and first_refused([target]) is not None and not self._policy.grants_access(target, address[1]):
            raise AddressRefused(target, target)
        return socket.socket(family=family, type=kind, proto=protocol)
