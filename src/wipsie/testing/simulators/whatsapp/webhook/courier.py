"""Speaks HTTP to the callback: the verification, a delivery, and a delivery whose connection breaks."""

from __future__ import annotations

import asyncio
import contextlib
import io
import ipaddress
import socket
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    import aiohttp

_ANSWER_BYTES_MAX = 64 * 1024
USER_AGENT = "facebookexternalua"


class Answer(msgspec.Struct, frozen=True):
    """What came back. `status_code` is None when nothing did; `reason` says why it does not count."""

    status_code: int | None
    reason: str = ""


class Courier:
    """One per simulator. Times here are real: they are those of a network."""

    def __init__(self, *, timeout_s: float, remote: bool) -> None:
        self._timeout_s = timeout_s
        self._remote = remote
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        import aiohttp

        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_s), headers={"User-Agent": USER_AGENT}
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def check_address(self, url: str) -> None:
        """ValueError when nothing may be sent there."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("A callback is an http or https address.")
        if not self._remote and not _is_loopback(parts.hostname):
            raise ValueError("The callback is not on this machine; allow it with Behaviour(remote_callback=True).")

    async def verify(self, url: str, verify_token: str, challenge: str) -> Answer:
        """Whether the callback gives back the challenge, word for word."""
        query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge}
        answer, body = await self._ask("GET", url, params=query)
        if answer.status_code is None:
            return answer
        if answer.status_code != 200:
            return Answer(answer.status_code, f"The verification was answered with {answer.status_code}.")
        if body != challenge.encode():
            return Answer(200, "The verification was not answered with the challenge.")
        return Answer(200)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Only 200 counts."""
        answer, _ = await self._ask("POST", url, data=io.BytesIO(body), headers=headers)
        if answer.status_code is None or answer.status_code == 200:
            return answer
        return Answer(answer.status_code, f"The receiver answered {answer.status_code}.")

    async def break_off(self, url: str, body: bytes, headers: Mapping[str, str], *, whole: bool) -> Answer:
        """Send half of the body, or all of it, and reset the connection."""
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in {"User-Agent": USER_AGENT, **headers}.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        tls = parts.scheme == "https"
        try:
            async with asyncio.timeout(self._timeout_s):
                _, writer = await asyncio.open_connection(
                    parts.hostname, parts.port or (443 if tls else 80), ssl=tls or None
                )
                writer.write(head + (body if whole else body[: len(body) // 2]))
                await writer.drain()
                reset(writer.transport)
        except (OSError, TimeoutError) as error:
            return Answer(None, _words(error))
        return Answer(None, f"The connection was reset {'after' if whole else 'before'} the end of the body.")

    async def fetch(self, url: str, *, bytes_max: int) -> tuple[int | None, bytes, str]:
        """A linked file: status, bytes, type. Only from this machine; None stands for not tried or not reached."""
        assert self._session is not None, "the simulator is not started"
        if not _is_loopback(urlsplit(url).hostname or ""):
            return None, b"", ""
        import aiohttp

        try:
            async with self._session.get(url, allow_redirects=False) as response:
                content = bytearray()
                async for chunk in response.content.iter_chunked(64 * 1024):
                    content += chunk
                    if len(content) > bytes_max:
                        return 413, b"", ""
                return response.status, bytes(content), response.content_type
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0, b"", ""

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: io.BytesIO | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Answer, bytes]:
        assert self._session is not None, "the simulator is not started"
        import aiohttp

        try:
            self.check_address(url)
            async with self._session.request(
                method, url, params=params, data=data, headers=headers, allow_redirects=False
            ) as response:
                body = await response.content.read(_ANSWER_BYTES_MAX)
                return Answer(response.status), body
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(None, _words(error)), b""


def reset(transport: asyncio.BaseTransport) -> None:
    """End a connection with RST: the other side learns that something broke, not that all was said."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
    else:
        transport.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "The receiver did not answer in time."
    return f"{type(error).__name__}: {error}"[:300]
