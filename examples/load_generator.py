"""Sends messages to a Wipsie at a chosen rate, for a bounded time, and tells how long the answers took.

    python examples/load_generator.py                                    30 s at 100 messages/s over POST /sqs/send
    python examples/load_generator.py --protocol sqs --rate 0            as fast as it goes, as a client of Amazon SQS
    python examples/load_generator.py --mix default=50,notifications=50 --duration 5 --json

With a rate, a message has a time at which it is due, and its latency counts from there: a server that falls behind cannot
hide it by slowing down whoever measures. Servers on other machines are only asked with --allow-remote. Ends with 1 when any
message was not accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import json
import random
import sys
import time
from array import array
from collections import Counter
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

QUEUES = ("default", "data_polling", "task_processing", "notifications")
DEFAULT_MIX = "default=70,task_processing=20,notifications=10"
LATENCIES_MAX = 1_000_000
"""Beyond, a fair sample of so many is kept."""
ANSWER_S_MAX = 30.0
_SHOW_S = 0.2


class Protocol(StrEnum):
    """What is spoken."""

    API = "api"
    SQS = "sqs"


class Load:
    """What happened so far."""

    def __init__(self) -> None:
        self.accepted = 0
        self.failures: Counter[str] = Counter()
        self.by_queue: Counter[str] = Counter()
        self.began = time.perf_counter()
        self.ended = self.began
        self._latencies_ms = array("d")
        self._seen = 0

    def note(self, queue: str, latency_s: float, failure: str | None) -> None:
        """One answer, or none."""
        self.ended = time.perf_counter()
        if failure is not None:
            self.failures[failure] += 1
            return
        self.accepted += 1
        self.by_queue[queue] += 1
        self._seen += 1
        if len(self._latencies_ms) < LATENCIES_MAX:
            self._latencies_ms.append(latency_s * 1000)
        elif (place := random.randrange(self._seen)) < LATENCIES_MAX:
            self._latencies_ms[place] = latency_s * 1000

    def summary(self) -> dict[str, Any]:
        """In numbers: rates per second, latencies in milliseconds."""
        ordered = sorted(self._latencies_ms)
        elapsed_s = max(self.ended - self.began, 1e-9)

        def at(share: float) -> float | None:
            return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else None

        return {
            "accepted": self.accepted,
            "failed": self.failures.total(),
            "failures": dict(self.failures.most_common(10)),
            "by_queue": dict(self.by_queue),
            "elapsed_s": round(elapsed_s, 3),
            "rate_per_s": round(self.accepted / elapsed_s, 1),
            "latency_ms": {
                "p50": at(0.50),
                "p95": at(0.95),
                "p99": at(0.99),
                "max": round(ordered[-1], 3) if ordered else None,
            },
        }


class Target:
    """Sends one message."""

    def __init__(self, session: aiohttp.ClientSession, protocol: Protocol, prefix: str, source_url: str | None) -> None:
        self._session = session
        self._protocol = protocol
        self._prefix = prefix
        self._source_url = source_url

    async def send(self, queue: str, number: int) -> str | None:
        """None when it was accepted, else a short reason."""
        message = message_for(queue, number, self._source_url)
        if self._protocol is Protocol.API:
            body = {"queue_name": queue, "message": message}
            request = self._session.post("/sqs/send", json=body)
        else:
            name = self._prefix + queue.replace("_", "-")
            headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}
            text = json.dumps({"QueueUrl": name, "MessageBody": json.dumps(message)})
            request = self._session.post("/", data=text, headers=headers)
        try:
            async with request as answer:
                await answer.read()
                return None if answer.status == 200 else f"HTTP {answer.status}"
        except TimeoutError:
            return "no answer in time"
        except aiohttp.ClientError as error:
            return type(error).__name__


def message_for(queue: str, number: int, source_url: str | None) -> dict[str, Any]:
    """Something small that the workers of a queue can do."""
    match queue:
        case "data_polling":
            task_type, data = "data_polling", {"source_url": source_url, "poll_interval": 3600}
        case "task_processing":
            rows = [{"species": name, "mass": number % 7 + weight} for weight, name in enumerate(("a", "b", "c"))]
            options = {"group_by": ["species"], "aggregates": {"mass": ["mean"]}}
            data = {"operation": "aggregation", "input_data": rows, "processing_options": options}
            task_type = "processing"
        case "notifications":
            # A name that cannot exist: no mail of a test reaches anybody.
            data = {
                "recipient": "load@example.invalid",
                "notification_type": "email",
                "subject": "Load",
                "body": str(number),
            }
            task_type = "notification"
        case _:
            task_type, data = "echo", {"number": number}
    return {"task_type": task_type, "message": f"load {number}", "source": "manual", "data": data}


def read_mix(text: str, source_url: str | None) -> dict[str, float]:
    """Weights by queue. BadParameter says what to write."""
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        try:
            mix[name] = float(weight)
        except ValueError:
            raise typer.BadParameter(f"'{part}' is no QUEUE=WEIGHT") from None
        if name not in QUEUES or not 0 <= mix[name] <= 1e6:
            raise typer.BadParameter(f"'{part}': queues are {', '.join(QUEUES)}, weights are not negative")
    if not sum(mix.values()):
        raise typer.BadParameter("all weights are 0")
    if mix.get("data_polling") and source_url is None:
        raise typer.BadParameter("data_polling needs --source-url: workers will really fetch it, again and again")
    return mix


def check_target(url: str, *, allow_remote: bool) -> str:
    """The URL, without a slash at its end. BadParameter unless it is of this machine, or others are allowed."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(f"'{url}' is no http:// or https:// URL")
    try:
        is_loopback = ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        is_loopback = parts.hostname == "localhost"
    if not is_loopback and not allow_remote:
        raise typer.BadParameter(f"{parts.hostname} is another machine; say --allow-remote if it is yours to load")
    return url.rstrip("/")


async def generate(
    load: Load, target: Target, mix: dict[str, float], *, rate: float, duration_s: float, concurrency: int
) -> None:
    """Send until the time is over, and wait for the answers under way."""
    names, weights = list(mix), list(mix.values())
    numbers = itertools.count()
    began = load.began = time.perf_counter()
    end = began + duration_s

    async def send_on() -> None:
        for number in numbers:
            due = began + number / rate if rate else time.perf_counter()
            if due >= end:
                return
            if (pause_s := due - time.perf_counter()) > 0:
                # The pace that was asked for: a message leaves when it is due.
                await asyncio.sleep(pause_s)
            elif time.perf_counter() >= end:
                # Too late even to begin: this server does not keep up.
                load.note("", 0.0, "not sent in time")
                return
            (queue,) = random.choices(names, weights)
            failure = await target.send(queue, number)
            load.note(queue, time.perf_counter() - due, failure)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(send_on())


async def show(load: Load, duration_s: float, console: Console) -> None:
    """A bar, until cancelled."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=duration_s)
        while True:
            done_s = min(time.perf_counter() - load.began, duration_s)
            words = f"{load.accepted} accepted, {load.failures.total()} failed"
            progress.update(bar, completed=done_s, description=words)
            # Soon enough for the eye; the load does not wait for it.
            await asyncio.sleep(_SHOW_S)


async def run(
    load: Load,
    *,
    url: str,
    protocol: Protocol,
    mix: dict[str, float],
    rate: float,
    duration_s: float,
    concurrency: int,
    token: str | None,
    prefix: str,
    source_url: str | None,
    console: Console | None,
) -> None:
    """Send, with a bar on `console` if there is one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX, sock_connect=5)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(url, headers=headers, timeout=timeout, connector=connector) as session:
        target = Target(session, protocol, prefix, source_url)
        showing = asyncio.create_task(show(load, duration_s, console)) if console is not None else None
        try:
            await generate(load, target, mix, rate=rate, duration_s=duration_s, concurrency=concurrency)
        finally:
            if showing is not None:
                showing.cancel()
                await asyncio.gather(showing, return_exceptions=True)


def print_summary(summary: dict[str, Any], console: Console) -> None:
    """As a table."""
    table = Table(title="Load", show_header=False)
    latency = summary["latency_ms"]
    table.add_row("accepted", f"{summary['accepted']} in {summary['elapsed_s']} s, {summary['rate_per_s']} a second")
    table.add_row("by queue", ", ".join(f"{name} {count}" for name, count in summary["by_queue"].items()) or "-")
    table.add_row("latency", ", ".join(f"{name} {value} ms" for name, value in latency.items()))
    table.add_row("failed", ", ".join(f"{name}: {count}" for name, count in summary["failures"].items()) or "0")
    console.print(table)


def main(
    url: Annotated[str, typer.Option(help="where Wipsie is")] = "http://127.0.0.1:8000",
    protocol: Annotated[Protocol, typer.Option(help="POST /sqs/send, or SendMessage of Amazon SQS")] = Protocol.API,
    rate: Annotated[float, typer.Option(min=0, max=100_000, help="messages a second; 0: as fast as it goes")] = 100,
    duration: Annotated[float, typer.Option(min=0.1, max=3600, help="seconds")] = 30,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="requests at the same time")] = 50,
    mix: Annotated[str, typer.Option(help="weights by queue")] = DEFAULT_MIX,
    source_url: Annotated[str | None, typer.Option(help="what messages of data_polling fetch")] = None,
    token: Annotated[str | None, typer.Option(envvar="WIPSIE_TOKEN", help="for a Wipsie that asks who sends")] = None,
    prefix: Annotated[str, typer.Option(help="of stored queue names, for --protocol sqs")] = "wipsie-",
    as_json: Annotated[bool, typer.Option("--json", help="the summary as JSON, and no bar")] = False,
    allow_remote: Annotated[bool, typer.Option(help="load a server on another machine")] = False,
) -> None:
    """Send messages at a rate, for a while, and tell how it went."""
    weights = read_mix(mix, source_url)
    base = check_target(url, allow_remote=allow_remote)
    load = Load()
    console = Console(stderr=as_json)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            run(
                load,
                url=base,
                protocol=protocol,
                mix=weights,
                rate=rate,
                duration_s=duration,
                concurrency=concurrency,
                token=token,
                prefix=prefix,
                source_url=source_url,
                console=None if as_json or not console.is_terminal else console,
            )
        )
    summary = load.summary()
    if as_json:
        print(json.dumps(summary))
    else:
        print_summary(summary, console)
    if summary["failed"] or not summary["accepted"]:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
