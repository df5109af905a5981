"""Search and lists over an archive of 100,000 mails, over HTTP."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec
from sqlalchemy import text

from benchmarks.load.mixed_client import MixedOrder, MixedReport, MixedRequest
from benchmarks.load.report import LoadFailed
from benchmarks.mail import letter
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.servers.process import serve_wipsie
from benchmarks.stores import TITLES, open_store
from benchmarks.team import make_team
from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.slices.mail.domain.archive_key import name_of
from wipsie.slices.mail.domain.document import letter_mail, write_document
from wipsie.slices.mail.store.entries import Entry, entry_of
from wipsie.slices.mail.store.index import add

P95_BAR_MS = 100.0
CLIENTS = 8
RATE_PER_S = 20.0
"""Together: somebody asks twenty times a second."""
_BATCH = 500
_READERS = 3
"""Of a team of ten: its admin and its leads, who may read mail."""


def scenario(store: str) -> Scenario:
    """The scenario over one database."""
    return Scenario(
        name=f"mail_search_{store}",
        title=f"Search in the mail archive, {TITLES[store]}",
        run=lambda size, directory: measure(store, size, directory),
        time_limit_s=600,
        repeats_max=1,
    )


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """One server process and one client process share the machine."""
    mails = size.pick(full=100_000, quick=20_000, smoke=500)
    seconds = size.pick(full=15.0, quick=5.0, smoke=1.0)
    with open_store(store, directory / "store") as opened:
        data = directory / "wipsie"
        url = opened.new_place("mail").database_url if store != "sqlite" else f"sqlite:///{data}/wipsie.db"
        team = make_team({"WIPSIE_DATA_DIR": str(data), "DATABASE_URL": url}, people=10, incidents=1)
        asyncio.run(_fill(url, mails))
        with serve_wipsie(directory=directory / "server", data=data, settings={"DATABASE_URL": url}) as server:
            order = MixedOrder(
                port=server.port,
                users=[team.tokens[number % _READERS] for number in range(CLIENTS)],
                requests=[_requests(mails, number) for number in range(CLIENTS)],
                seconds=seconds,
                warm_up_s=min(3.0, seconds / 2),
                rate_per_s=RATE_PER_S,
                core=sorted(os.sched_getaffinity(0))[-1],
                seed=1,
            )
            answer = subprocess.run(
                [sys.executable, "-m", "benchmarks.load.mixed_client"],
                input=msgspec.json.encode(order),
                stdout=subprocess.PIPE,
                timeout=order.warm_up_s + order.seconds + 60,
                check=True,
            )
    report = msgspec.json.decode(answer.stdout, type=MixedReport)
    if report.errors or not all(report.latencies_ms.values()):
        raise LoadFailed(f"{report.answered} requests succeeded and {report.errors} failed: {report.samples}")
    return Outcome(
        measurements=[
            *(
                Measurement(
                    name=f"{kind}, p95",
                    value=report.percentile(0.95, kind),
                    unit="ms",
                    bar=P95_BAR_MS,
                    lower_is_better=True,
                )
                for kind in report.latencies_ms
            ),
        ],
        settings={"mails": mails, "people": CLIENTS, "pace_per_s": RATE_PER_S, "measured_s": seconds, "page": 50},
    )


def _requests(mails: int, number: int) -> list[MixedRequest]:
    one = letter(number * 7919 % mails)
    rare = one.content.rpartition(" ")[2]
    kinds = {
        "a rare word": [f"q={rare}"],
        "words of most mails": ["q=invoice", "q=invoice+report+meeting", "q=inv"],
        "words and an address": [f"q=subject:{one.subject.split()[0]}+from:person{number}", "q=from:company7+invoice"],
        "no words": ["", f"sender={one.sender.partition('<')[2].rstrip('>')}", "sent_before=2021-01-01T00:00:00Z"],
    }
    return [
        MixedRequest(
            kind=kind, method="GET", path=f"/api/mail?{query}&limit=50".replace("?&", "?"), weight=1 / len(queries)
        )
        for kind, queries in kinds.items()
        for query in queries
    ]


async def _fill(url: str, mails: int) -> None:
    database = Database(url, clock=SystemClock())
    await database.start()
    try:
        for start in range(0, mails, _BATCH):
            entries: list[tuple[Entry, None]] = []
            for number in range(start, min(start + _BATCH, mails)):
                one = letter(number)
                document = one.document()
                name = name_of(sender=one.sender, timestamp_s=one.timestamp_s, identity=document)
                mail = letter_mail(one)
                entries.append((entry_of(name, mail, write_document(mail)), None))
            async with database.begin() as connection:
                await add(connection, entries, now_ms=database.clock.now_ms())
        if database.dialect == "postgresql":
            # The server does so by itself within a minute of so many changes.
            async with database.begin() as connection:
                await connection.execute(text("ANALYZE"))
    finally:
        await database.stop()
