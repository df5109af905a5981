"""A bare HTTP/1.1 client for load: prepared bytes over keep-alive connections, and as little Python as possible between.

Run as `python -m benchmarks.load.raw_client`: the order as JSON on standard input, the report as JSON on standard output.
A connection carries one request at a time, as browsers and SDKs do.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections import deque
from typing import cast

import msgspec

from benchmarks.load.report import LoadReport
from benchmarks.loops import run_plainly
from benchmarks.statistics import percentile

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_DRAIN_S = 10.0


class Order(msgspec.Struct, kw_only=True):
    """What to send where."""

    port: int
    path: str
    body: str
    seconds: float
    warm_up_s: float = 0.0
    headers: dict[str, str] = msgspec.field(default_factory=lambda: {"Content-Type": "application/json"})
    connections: int = 64
    rate_per_s: float | None = None
    """Open loop: requests start at this rate whether or not earlier ones were answered, and latency counts from the
    moment a request was due. None: closed loop, each connection sends as soon as it was answered."""
    core: int | None = None
    """Runs on this core only."""

    def request(self) -> bytes:
        """The bytes of one request."""
        body = self.body.encode()
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{headers}"
            f"Accept: */*\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class _Load:
    """Counts answers, within the measured time only."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.request = order.request()
        self.latencies_s: list[float] = []
        self.errors = 0
        self.measure_from = 0.0
        self.stopped = False
        self.idle: deque[_Connection] = deque()
        self.due: deque[float] = deque()

    def answered(self, connection: _Connection, began: float, *, good: bool) -> None:
        now = time.perf_counter()
        if not good:
            self.errors += 1
        elif began >= self.measure_from:
            self.latencies_s.append(now - began)
        if self.order.rate_per_s is None:
            if not self.stopped:
                connection.send(now)
        elif self.due:
            connection.send(self.due.popleft())
        else:
            self.idle.append(connection)


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, load: _Load) -> None:
        self.load = load
        self.buffer = b""
        self.began: float | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.began is not None:
            self.load.errors += 1

    def send(self, began: float) -> None:
        """Send the request; its latency counts from `began`."""
        self.began = began
        if self.transport is not None:
            self.transport.write(self.load.request)

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data if self.buffer else data
        head_end = buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(buffer, 0, head_end + 2) if head_end >= 0 else None
        if head_end >= 0 and length is None:
            raise ValueError("The answer has no Content-Length; this client reads no other form.")
        if length is None or len(buffer) < head_end + 4 + int(length[1]):
            self.buffer = buffer
            return
        self.buffer = b""
        began, self.began = self.began, None
        if began is not None:
            self.load.answered(self, began, good=buffer.startswith(b"HTTP/1.1 2"))


async def generate(order: Order) -> LoadReport:
    """Carry out the order."""
    load = _Load(order)
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []
    for _ in range(order.connections):
        _, connection = await loop.create_connection(lambda: _Connection(load), "127.0.0.1", order.port)
        connections.append(connection)
    started = time.perf_counter()
    load.measure_from = started + order.warm_up_s
    until = load.measure_from + order.seconds
    if order.rate_per_s is None:
        for connection in connections:
            connection.send(started)
        # The connections drive themselves; this is how long they are measured.
        await asyncio.sleep(until - started)
    else:
        load.idle.extend(connections)
        await _open_loop(load, order.rate_per_s, started, until)
    load.stopped = True
    in_time = len(load.latencies_s)
    deadline = time.perf_counter() + _DRAIN_S
    while (load.due or any(one.began is not None for one in connections)) and time.perf_counter() < deadline:
        # Answers still on their way, until the deadline above.
        await asyncio.sleep(0.005)
    load.errors += len(load.due) + sum(one.began is not None for one in connections)
    for connection in connections:
        connection.began = None
        if connection.transport is not None:
            connection.transport.close()
    latencies_ms = [latency * 1000 for latency in load.latencies_s] or [0.0]
    return LoadReport(
        generator="raw asyncio client",
        requests=in_time,
        seconds=order.seconds,
        errors=load.errors,
        p50_ms=percentile(latencies_ms, 0.5),
        p99_ms=percentile(latencies_ms, 0.99),
        max_ms=max(latencies_ms),
    )


async def _open_loop(load: _Load, rate_per_s: float, started: float, until: float) -> None:
    """Start requests by the timetable; one that finds no free connection waits, and its wait counts as latency."""
    number = 0
    while (due := started + number / rate_per_s) < until:
        wait_s = due - time.perf_counter()
        if wait_s > 0:
            # The pace of an open loop: requests leave when they are due, whatever the answers do.
            await asyncio.sleep(wait_s)
        if load.idle:
            load.idle.popleft().send(due)
        else:
            load.due.append(due)
        number += 1


def main() -> None:
    """Read the order, carry it out, write the report."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    if order.core is not None:
        os.sched_setaffinity(0, {order.core})
    sys.stdout.buffer.write(msgspec.json.encode(run_plainly(generate(order))))


if __name__ == "__main__":
    main()
