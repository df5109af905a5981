"""ClamAV: a file goes to its daemon in pieces, a verdict comes back. What is not clean for certain is not clean.

A daemon with `AlertExceedsMax no`, as it comes, calls clean what it stopped reading half-way: operators set it to yes.

The command INSTREAM of clamd(8): `zINSTREAM\\0`, then each piece behind its length in four bytes, the highest first, then a length
of nothing. The answer ends with a zero byte: `stream: OK`, `stream: <name> FOUND`, or something that ends with `ERROR`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from wipsie.kernel.errors import ConfigurationError

CONNECT_S_MAX = 5.0
ANSWER_S_MAX = 60.0
"""From the last piece to the verdict, and for taking any one piece."""
SCAN_S_MAX = 180.0
_PIECE_BYTES = 64 * 1024
_ANSWER_BYTES_MAX = 4_096
_INFECTED = re.compile(r"stream: (.+) FOUND")
_NOTHING_THERE = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class ScanClean(msgspec.Struct, frozen=True, kw_only=True, tag="clean"):
    """The daemon knows of nothing in it."""


class ScanInfected(msgspec.Struct, frozen=True, kw_only=True, tag="infected"):
    """It is not kept."""

    name: str
    """What the daemon calls it."""


class ScanFailed(msgspec.Struct, frozen=True, kw_only=True, tag="error"):
    """Nobody knows. It stays in quarantine, and is tried again."""

    reason: str
    """For operators."""


ScanResult = ScanClean | ScanInfected | ScanFailed


class Scanner:
    """A clamd, reached anew for each file."""

    def __init__(
        self,
        address: str,
        *,
        connect_s_max: float = CONNECT_S_MAX,
        answer_s_max: float = ANSWER_S_MAX,
        scan_s_max: float = SCAN_S_MAX,
    ) -> None:
        """`address`: `unix:/run/clamav/clamd.ctl`, or `tcp:host:3310`. ConfigurationError. Its StreamMaxLength must be at least the
        size of a file."""
        self._socket, self._host, self._port = _parse(address)
        self._connect_s_max = connect_s_max
        self._answer_s_max = answer_s_max
        self._scan_s_max = scan_s_max

    async def scan(self, path: Path) -> ScanResult:
        """What clamd says of the file at `path`; whatever goes wrong on the way is ScanFailed."""
        try:
            async with asyncio.timeout(self._scan_s_max), self._connected() as (reader, writer):
                writer.write(b"zINSTREAM\0")
                # A daemon that has enough answers and hangs up; what it said is worth more than that it did.
                with contextlib.suppress(ConnectionError):
                    await self._send(path, writer)
                answer = await self._answer(reader)
        except TimeoutError:
            return ScanFailed(reason="clamd took too long.")
        except _NOTHING_THERE as error:
            return ScanFailed(reason=f"clamd cannot be asked: {error}")
        if answer == "stream: OK":
            return ScanClean()
        infected = _INFECTED.fullmatch(answer)
        return ScanInfected(name=infected[1]) if infected else ScanFailed(reason=f"clamd answered: {answer}")

    async def problem(self) -> str | None:
        """What is wrong with the scanner, or None when it answers: for health checks."""
        try:
            async with asyncio.timeout(self._connect_s_max * 2), self._connected() as (reader, writer):
                writer.write(b"zPING\0")
                answer = await self._answer(reader)
        except TimeoutError:
            return "clamd took too long."
        except _NOTHING_THERE as error:
            return f"clamd cannot be asked: {error}"
        return None if answer == "PONG" else f"clamd answered: {answer}"

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        async with asyncio.timeout(self._connect_s_max):
            if self._socket is not None:
                reader, writer = await asyncio.open_unix_connection(self._socket, limit=_ANSWER_BYTES_MAX)
            else:
                reader, writer = await asyncio.open_connection(self._host, self._port, limit=_ANSWER_BYTES_MAX)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _send(self, path: Path, writer: asyncio.StreamWriter) -> None:
        with await asyncio.to_thread(path.open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                writer.write(len(piece).to_bytes(4, "big") + piece)
                async with asyncio.timeout(self._answer_s_max):
                    await writer.drain()
        writer.write(bytes(4))
        async with asyncio.timeout(self._answer_s_max):
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader) -> str:
        async with asyncio.timeout(self._answer_s_max):
            answer = await reader.readuntil(b"\0")
        return answer[:-1].decode("utf-8", "replace").strip()


def _parse(address: str) -> tuple[str | None, str, int]:
    scheme, _, place = address.partition(":")
    if scheme == "unix" and place.startswith("/"):
        return place, "", 0
    host, _, port = place.rpartition(":")
    if scheme == "tcp" and host and port.isdigit() and 0 < int(port) < 65_536:
        return None, host.strip("[]"), int(port)
    raise ConfigurationError(
        f"{address!r} is no address of clamd.", details={"expected": "unix:/run/clamav/clamd.ctl or tcp:127.0.0.1:3310"}
    )
