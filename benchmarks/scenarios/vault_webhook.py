"""The webhook of the vault: signed messages of many people, each kept and then answered, and the statuses of the answers; and bodies
of 1,000 updates."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import aiohttp

from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.servers.process import serve_wipsie
from benchmarks.statistics import percentile
from benchmarks.stores import TITLES, open_store
from wipsie.slices.vault.domain.whatsapp.signature import HEADER, signature
from wipsie.slices.vault.routes.webhook import PATH
from wipsie.testing.simulators.whatsapp import Behaviour, Bounds, WhatsAppSimulator

SECRET = "benchmark-app-secret"  # noqa: S105 - of a server that lives for a minute
TOKEN = "benchmark-access-token"  # noqa: S105 - likewise
MESSAGES_PER_S = 66.0
"""Each answer brings two statuses, sent and delivered, until somebody was answered enough: how many requests that makes is measured."""
P50_BAR_MS, P99_BAR_MS, BATCH_BAR_MS = 20.0, 100.0, 1_000.0
PEOPLE = 200
SETTLE_S_MAX = 120.0


class _Sender:
    """Writes to one Wipsie, and counts what it sent."""

    def __init__(self, session: aiohttp.ClientSession, url: str, phone_number_id: str) -> None:
        self._session = session
        self._url = url
        self._metadata = {"display_phone_number": "15550177000", "phone_number_id": phone_number_id}
        self._numbers = itertools.count()
        self.messages = 0

    async def post(self, updates: int = 1, *, with_statuses: bool = False) -> float:
        """Send messages, and with `with_statuses` as many statuses as messages; milliseconds until the answer."""
        values: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": self._metadata}
        count = updates // 2 if with_statuses else updates
        values["messages"] = list(itertools.islice(self._messages(), count))
        if with_statuses:
            values["statuses"] = [_status(number) for number in range(updates - count)]
        change = {"field": "messages", "value": values}
        entry = {"id": "310000000000077", "changes": [change]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", HEADER: f"sha256={signature(body, SECRET)}"}
        self.messages += count
        began = time.perf_counter()
        async with self._session.post(f"{self._url}{PATH}", data=body, headers=headers) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"The webhook answered {answer.status}.")
        return (time.perf_counter() - began) * 1_000

    def _messages(self) -> Iterator[dict[str, Any]]:
        for number in self._numbers:
            person = number % PEOPLE
            yield {
                "from": _number(person),
                "from_user_id": f"IN.{10**13 + person}",
                "id": f"wamid.BENCHMARK{number:012}",
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": "LIST"},
            }


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """`wipsie up`, which handles and answers what comes in at the same time; the answers go to a simulated Graph API, whose statuses
    come back by the same webhook."""
    seconds = size.pick(full=60.0, quick=10.0, smoke=1.0)
    batches = _Batches(size.pick(full=5, quick=3, smoke=1), size.pick(full=1_000, quick=1_000, smoke=20))
    return asyncio.run(_measure(store, seconds, batches, directory))


async def _measure(store: str, seconds: float, batches: _Batches, directory: Path) -> Outcome:
    with ExitStack() as stack:
        opened = stack.enter_context(open_store(store, directory / "store"))
        database_url = opened.new_place("vault").database_url if store != "sqlite" else ""
        async with WhatsAppSimulator(
            app_secret=SECRET,
            access_token=TOKEN,
            behaviour=Behaviour(throughput_per_s=None, pair_burst=None),
            bounds=Bounds(phones=PEOPLE),
        ) as whatsapp:
            for person in range(PEOPLE):
                whatsapp.phone(f"Person {person}", number=_number(person))
            settings = {
                "DATABASE_URL": database_url,
                "WIPSIE_SLICES": "vault",
                "WHATSAPP_GRAPH_URL": whatsapp.graph_url,
                "WHATSAPP_ACCESS_TOKEN": TOKEN,
                "WHATSAPP_APP_SECRET": SECRET,
                "WHATSAPP_VERIFY_TOKEN": whatsapp.account.verify_token,
            }
            whole = await _load(whatsapp, settings, directory / "whole", seconds, batches, apart=False)
            settings["DATABASE_URL"] = database_url and opened.new_place("vault_apart").database_url
            apart = await _load(whatsapp, settings, directory / "apart", seconds, batches.one, apart=True)
            return Outcome(
                measurements=[
                    Measurement(name="requests, statuses included", value=whole.requests_per_s, unit="requests/s"),
                    _latency("acknowledged, p50", percentile(whole.latencies_ms, 0.5), P50_BAR_MS),
                    _latency("acknowledged, p99", percentile(whole.latencies_ms, 0.99), P99_BAR_MS),
                    _latency("the same with a worker of its own, p50", percentile(apart.latencies_ms, 0.5), P50_BAR_MS),
                    _latency(
                        "the same with a worker of its own, p99", percentile(apart.latencies_ms, 0.99), P99_BAR_MS
                    ),
                    _seconds("all handled, after the last", whole.handled_s),
                    _latency(
                        f"{batches.updates:,} updates in one body, acknowledged", median(whole.batch_ms), BATCH_BAR_MS
                    ),
                    _seconds(f"all of {batches.bodies} such bodies handled, after the last", whole.batch_handled_s),
                ],
                settings={
                    "messages_per_s": MESSAGES_PER_S,
                    "measured_s": seconds,
                    "people": PEOPLE,
                    "messages": whole.messages,
                    "database": store,
                },
            )


class _Batches(NamedTuple):
    """Bodies of many updates."""

    bodies: int
    updates: int

    @property
    def one(self) -> _Batches:
        return self._replace(bodies=1)


class _Load(NamedTuple):
    """What one Wipsie did."""

    requests_per_s: float
    latencies_ms: list[float]
    handled_s: float
    batch_ms: list[float]
    batch_handled_s: float
    messages: int


async def _load(
    whatsapp: WhatsAppSimulator,
    settings: dict[str, str],
    directory: Path,
    seconds: float,
    batches: _Batches,
    *,
    apart: bool,
) -> _Load:
    """`apart`: the API and the worker in a process each, over one database."""
    async with AsyncExitStack() as stack:
        # Ended before the next one begins; in a thread, since they end what they are at, for which WhatsApp must answer.
        servers = ExitStack()
        stack.push_async_callback(asyncio.to_thread, servers.close)
        data = directory / "data"
        server = await asyncio.to_thread(
            servers.enter_context,
            serve_wipsie(
                directory=directory / "api",
                data=data,
                settings=settings,
                roles="api" if apart else None,
                path="/health" if apart else "/health/ready",
            ),
        )
        worker = server
        if apart:
            worker = await asyncio.to_thread(
                servers.enter_context,
                serve_wipsie(directory=directory / "worker", data=data, settings=settings, path="/health/ready"),
            )
        url = f"http://127.0.0.1:{server.port}"
        worker_url = f"http://127.0.0.1:{worker.port}"
        await whatsapp.subscribe(f"{url}{PATH}")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
            sender = _Sender(session, url, whatsapp.account.phone_number_id)
            await _paced(sender, min(5.0, seconds / 2))
            before = await _requests(session, url)
            latencies = await _paced(sender, seconds)
            requests = await _requests(session, url) - before
            handled_s = await _settled(session, worker_url, sender.messages)
            batch = [await sender.post(batches.updates, with_statuses=True) for _ in range(batches.bodies)]
            batch_s = await _settled(session, worker_url, sender.messages)
        return _Load(requests / seconds, latencies, handled_s, batch, batch_s, sender.messages)


async def _paced(sender: _Sender, seconds: float) -> list[float]:
    """Whether or not earlier ones were answered; the latencies, in milliseconds."""
    count = int(seconds * MESSAGES_PER_S)
    began = time.perf_counter()
    posts: list[asyncio.Task[float]] = []
    for number in range(count):
        # The pace of the load itself: the next one is due then, whatever became of those before.
        await asyncio.sleep(max(0.0, began + number / MESSAGES_PER_S - time.perf_counter()))
        posts.append(asyncio.create_task(sender.post()))
    return list(await asyncio.gather(*posts))


async def _settled(session: aiohttp.ClientSession, url: str, messages: int) -> float:
    """Seconds until every message was handled, each once. RuntimeError when that does not happen."""
    began = time.perf_counter()
    while time.perf_counter() - began < SETTLE_S_MAX:
        async with session.get(f"{url}/metrics") as answer:
            text = await answer.text()
        handled = int(_value(text, r'vault_messages_processed_total\{outcome="ok"\}'))
        if handled == messages and _value(text, "vault_inbox_waiting") == 0:
            return time.perf_counter() - began
        if handled > messages:
            raise RuntimeError(f"{handled} messages were handled of {messages}.")
        # Real time of another process; asking more often would be load of its own.
        await asyncio.sleep(0.1)
    raise RuntimeError(f"Not all of {messages} messages were handled within {SETTLE_S_MAX:g} s.")


async def _requests(session: aiohttp.ClientSession, url: str) -> float:
    async with session.get(f"{url}/metrics") as answer:
        return _value(await answer.text(), r'vault_webhooks_total\{outcome="accepted"\}')


def _value(text: str, name: str) -> float:
    found = re.search(rf"^{name} ([0-9.e+]+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _number(person: int) -> str:
    return str(15550200000 + person)


def _status(number: int) -> dict[str, Any]:
    return {
        "id": f"wamid.NOBODY{number:08}",
        "status": "delivered",
        "timestamp": str(int(time.time())),
        "recipient_id": _number(number % PEOPLE),
    }


def _seconds(name: str, value_s: float) -> Measurement:
    return Measurement(name=name, value=value_s, unit="s", lower_is_better=True)


def _latency(name: str, value_ms: float, bar_ms: float | None) -> Measurement:
    return Measurement(name=name, value=value_ms, unit="ms", bar=bar_ms, lower_is_better=True)


def scenario(store: str) -> Scenario:
    """On one database."""
    return Scenario(
        name=f"vault_webhook_{store}",
        title=f"Webhooks of WhatsApp, {MESSAGES_PER_S:g} messages/s and statuses, {TITLES[store]}",
        run=partial(measure, store),
        time_limit_s=400,
    )
