"""What 1,000 clients cost that wait for messages over the SQS endpoint: processor time, and how soon each gets its message."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.loops import run_plainly
from benchmarks.scenario import Measurement, Outcome, Scenario, Size, Skipped
from benchmarks.servers.process import Server, serve_wipsie
from benchmarks.statistics import percentile

PROCESSOR_BAR = 5.0
QUEUES = 20
_DESCRIPTORS_SPARE = 64
_ANSWER_S_MAX = 60.0


@dataclass
class Figures:
    """What one run gives."""

    idle_percent: float = 0.0
    waits_ms: list[float] = field(default_factory=list)


def measure(size: Size, directory: Path) -> Outcome:
    """All roles. Each client polls again and again for 20 s, as SDKs are told to; then each is sent a message."""
    clients = size.pick(full=1_000, quick=1_000, smoke=40)
    settle_s = size.pick(full=5.0, quick=3.0, smoke=0.2)
    watch_s = size.pick(full=45.0, quick=10.0, smoke=0.3)
    _allow_descriptors(clients + _DESCRIPTORS_SPARE)
    with serve_wipsie(directory=directory) as server:
        figures = run_plainly(_watch(server, clients=clients, settle_s=settle_s, watch_s=watch_s))
    return Outcome(
        measurements=[
            Measurement(
                name="processor while nothing comes",
                value=figures.idle_percent,
                unit="% of a core",
                bar=PROCESSOR_BAR,
                lower_is_better=True,
            ),
            Measurement(
                name="from a message to the client that waited, p50",
                value=percentile(figures.waits_ms, 0.5),
                unit="ms",
                lower_is_better=True,
            ),
            Measurement(
                name="from a message to the client that waited, p99",
                value=percentile(figures.waits_ms, 0.99),
                unit="ms",
                lower_is_better=True,
            ),
        ],
        settings={"clients": clients, "queues": QUEUES, "watched_s": watch_s, "wipsie_roles": "all"},
    )


class _Client:
    """One connection that carries one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader = reader
        self._writer = writer
        self._port = port

    @classmethod
    async def connect(cls, port: int) -> _Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port), port)

    async def call(self, action: str, **members: str | int) -> dict[str, Any]:
        body = json.dumps(members).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: AmazonSQS.{action}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        async with asyncio.timeout(_ANSWER_S_MAX):
            answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            length = next(line for line in answer.split(b"\r\n") if line.startswith(b"content-length:"))
            content = await self._reader.readexactly(int(length.partition(b":")[2]))
        if not answer.startswith(b"http/1.1 200"):
            raise AssertionError(f"{action} is refused: {content.decode(errors='replace')}")
        return json.loads(content or b"{}")

    def close(self) -> None:
        self._writer.close()


async def _watch(server: Server, *, clients: int, settle_s: float, watch_s: float) -> Figures:
    sender = await _Client.connect(server.port)
    urls = [str((await sender.call("CreateQueue", QueueName=f"idle-{number}"))["QueueUrl"]) for number in range(QUEUES)]
    pollers = [await _Client.connect(server.port) for _ in range(clients)]
    figures = Figures()
    sent_at: dict[str, float] = {}
    polling = [
        asyncio.create_task(_poll(one, urls[number % QUEUES], sent_at, figures)) for number, one in enumerate(pollers)
    ]
    try:
        # To be idle takes time: first until all wait, then while it is watched.
        await asyncio.sleep(settle_s)
        process = psutil.Process(server.pid)
        before_s, began = _cpu_s(process), time.perf_counter()
        # What is measured is a stretch of time in which nothing happens.
        await asyncio.sleep(watch_s)
        figures.idle_percent = 100 * (_cpu_s(process) - before_s) / (time.perf_counter() - began)
        # The connection of before was idle for longer than the server keeps one.
        sender.close()
        sender = await _Client.connect(server.port)
        for number in range(clients):
            body = str(number)
            sent_at[body] = time.perf_counter()
            await sender.call("SendMessage", QueueUrl=urls[number % QUEUES], MessageBody=body)
        await asyncio.gather(*polling)
    finally:
        for one in polling:
            one.cancel()
        await asyncio.gather(*polling, return_exceptions=True)
        for one in [sender, *pollers]:
            one.close()
    if len(figures.waits_ms) != clients:
        raise AssertionError(f"{clients} clients waited, {len(figures.waits_ms)} got a message.")
    return figures


async def _poll(client: _Client, url: str, sent_at: dict[str, float], figures: Figures) -> None:
    """Until there is a message."""
    while True:
        answer = await client.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20, VisibilityTimeout=600)
        messages: list[dict[str, str]] = answer.get("Messages", [])
        if messages:
            figures.waits_ms.append(1000 * (time.perf_counter() - sent_at[messages[0]["Body"]]))
            return


def _cpu_s(process: psutil.Process) -> float:
    return sum(times.user + times.system for times in (one.cpu_times() for one in [process, *process.children(True)]))


def _allow_descriptors(wanted: int) -> None:
    """Each client is a connection, at both ends. Skipped where the system does not allow so many."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise Skipped(f"needs {wanted} open files in a process, and {hard} are allowed here (ulimit -Hn).")
    if soft < wanted:
        # The server inherits it.
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


SCENARIO = Scenario(
    name="sqs_idle_polls",
    title="Amazon SQS endpoint, clients that wait",
    run=measure,
    time_limit_s=240,
    repeats_max=1,
)
