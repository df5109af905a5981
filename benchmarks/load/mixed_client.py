"""A client for a mix of requests: users on keep-alive connections, each working through requests of several kinds.

Run as `python -m benchmarks.load.mixed_client`: the order as JSON on standard input, the report as JSON on standard output.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import time
from typing import cast

import msgspec

from benchmarks.loops import run_plainly
from benchmarks.statistics import percentile

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_DRAIN_S = 20.0
_SAMPLES_MAX = 5


class MixedRequest(msgspec.Struct, kw_only=True):
    """One request and how often it is chosen."""

    kind: str
    """What its latency counts for, for example ``list``."""
    method: str
    path: str
    body: str | None = None
    weight: float = 1.0
    headers: dict[str, str] = {}

    def bytes_for(self, port: int, token: str) -> bytes:
        """As it goes over the wire for one user."""
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        if self.body is None:
            return f"{head}\r\n".encode()
        body = self.body.encode()
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class MixedOrder(msgspec.Struct, kw_only=True):
    """Who asks for what, and how fast."""

    port: int
    users: list[str]
    """A token for each; each has a connection."""
    requests: list[list[MixedRequest]]
    """For each user, what they choose from."""
    seconds: float
    warm_up_s: float
    rate_per_s: float | None = None
    """All users together; each waits between requests. None: each asks as soon as it was answered."""
    core: int | None = None
    seed: int = 1


class MixedReport(msgspec.Struct, kw_only=True):
    """What came of it."""

    seconds: float
    latencies_ms: dict[str, list[float]]
    """By kind: of all requests that were asked in the measured time, however long they took."""
    answered: int
    """Good answers that came within the measured time."""
    errors: int
    samples: list[str]
    """The first answers that were errors."""

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.answered / self.seconds

    def percentile(self, share: float, *kinds: str) -> float:
        """Of some kinds, or of all."""
        return percentile([one for kind in kinds or self.latencies_ms for one in self.latencies_ms[kind]], share)


class _User(asyncio.Protocol):
    """One person at a keep-alive connection."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[bytes] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed"))

    async def ask(self, request: bytes) -> bytes:
        """The whole answer."""
        self._answer = asyncio.get_running_loop().create_future()
        if self.transport is not None:
            self.transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        head_end = buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(buffer, 0, head_end + 2) if head_end >= 0 else None
        if head_end < 0 or (length is not None and len(buffer) < head_end + 4 + int(length[1])):
            self._buffer = buffer
            return
        self._buffer = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(buffer)


async def generate(order: MixedOrder) -> MixedReport:
    """Carry out the order."""
    report = MixedReport(seconds=order.seconds, latencies_ms={}, answered=0, errors=0, samples=[])
    for request in (one for some in order.requests for one in some):
        report.latencies_ms.setdefault(request.kind, [])
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    measure_from = started + order.warm_up_s
    until = measure_from + order.seconds
    pause_s = None if order.rate_per_s is None else len(order.users) / order.rate_per_s

    async def work(number: int, token: str) -> None:
        chosen = random.Random(order.seed * 100_003 + number)
        choices = order.requests[number]
        wire = [request.bytes_for(order.port, token) for request in choices]
        weights = [request.weight for request in choices]
        _, user = await loop.create_connection(_User, "127.0.0.1", order.port)
        # Not all at one moment.
        due = started if pause_s is None else started + chosen.random() * pause_s
        while due < until:
            if (wait_s := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait_s)  # The user thinks: the load is a number of users, not a flood.
            index = chosen.choices(range(len(choices)), weights)[0]
            try:
                answer = await user.ask(wire[index])
            except ConnectionError:
                report.errors += 1
                break
            now = time.perf_counter()
            if not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 304")):
                report.errors += 1
                if len(report.samples) < _SAMPLES_MAX:
                    report.samples.append(f"{choices[index].method} {choices[index].path}: {answer[-600:].decode()}")
            else:
                if due >= measure_from:
                    report.latencies_ms[choices[index].kind].append((now - due) * 1000)
                report.answered += measure_from <= now <= until
            due = now if pause_s is None else due + pause_s * (0.5 + chosen.random())
        if user.transport is not None:
            user.transport.close()

    async with asyncio.timeout(until - started + _DRAIN_S):
        await asyncio.gather(*(work(number, token) for number, token in enumerate(order.users)))
    return report


def main() -> None:
    """Read the order, carry it out, write the report."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=MixedOrder)
    if order.core is not None:
        os.sched_setaffinity(0, {order.core})
    sys.stdout.buffer.write(msgspec.json.encode(run_plainly(generate(order))))


if __name__ == "__main__":
    main()
