"""A hundred people at work in the records of their team: 60 % lists, 25 % reads, 15 % writes, over HTTP, durable.

Twice: as fast as the API answers (each asks again at once), and at the pace of people (200 requests/s together, twelve times
the thousand a minute the product must carry at least).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.load.mixed_client import MixedOrder, MixedReport, MixedRequest
from benchmarks.load.report import LoadFailed
from benchmarks.scenario import Measurement, Outcome, Scenario, Settings, Size
from benchmarks.servers.process import Server, serve_wipsie
from benchmarks.stores import TITLES, open_store
from benchmarks.team import Team, make_team

PEOPLE = 100
READS_P95_BAR_MS = 100.0
PACE_PER_S = 200.0
_SHARES = {"list": 0.60, "read": 0.25, "write": 0.15}


def scenario(store: str) -> Scenario:
    """The scenario over one database."""
    return Scenario(
        name=f"team_api_{store}",
        title=f"100 people in the records of their team, {TITLES[store]}",
        run=lambda size, directory: measure(store, size, directory),
        time_limit_s=420,
    )


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """One server process and one client process share the machine, as browsers and server do not."""
    seconds = size.pick(full=15.0, quick=6.0, smoke=2.0)
    people = size.pick(full=PEOPLE, quick=PEOPLE, smoke=8)
    incidents = size.pick(full=2_000, quick=500, smoke=40)
    with open_store(store, directory / "store") as opened:
        data = directory / "wipsie"
        database_url = opened.new_place("team").database_url if store != "sqlite" else f"sqlite:///{data}/wipsie.db"
        settings = {"WIPSIE_DATA_DIR": str(data), "DATABASE_URL": database_url}
        team = make_team(settings, people=people, incidents=incidents)
        with serve_wipsie(directory=directory / "server", data=data, settings={"DATABASE_URL": database_url}) as server:
            fast = _load(server, team, seconds)
            paced = _load(server, team, seconds, rate_per_s=PACE_PER_S)
        noted: Settings = {
            "people": people,
            "records": team.records,
            "measured_s": seconds,
            "mix": ", ".join(f"{share:.0%} {kind}s" for kind, share in _SHARES.items()),
            "pace_per_s": PACE_PER_S,
            "wipsie_roles": "all",
            **opened.settings,
        }
    return Outcome(measurements=[*_fast(fast), *_paced(paced)], settings=noted)


def _load(server: Server, team: Team, seconds: float, *, rate_per_s: float | None = None) -> MixedReport:
    cores = sorted(os.sched_getaffinity(0))
    order = MixedOrder(
        port=server.port,
        users=team.tokens,
        requests=[_requests(team, number) for number in range(len(team.tokens))],
        seconds=seconds,
        warm_up_s=min(3.0, seconds / 2),
        rate_per_s=rate_per_s,
        core=cores[-1],
        seed=1 if rate_per_s is None else 2,
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
    return report


def _requests(team: Team, number: int) -> list[MixedRequest]:
    """What one person chooses from."""
    incident = team.incidents[number * 7 % len(team.incidents)]
    other = team.incidents[number * 13 % len(team.incidents)]
    blocker = team.blockers[number % len(team.blockers)]
    own = team.updates[number]
    lists = [
        "/api/incidents?open=true&facets=severity,status&limit=20",
        "/api/incidents?severity=sev3&sort=-updated_at&limit=20",
        "/api/status?limit=20",
        "/api/status?author=me&limit=20",
        "/api/blockers?status=open&limit=20",
        f"/api/incidents/{incident}/timeline?limit=20",
        f"/api/incidents/{incident}/comments?limit=20",
        "/api/search?q=queue%20lease&limit=20",
    ]
    reads = [f"/api/incidents/{incident}", f"/api/incidents/{other}", f"/api/blockers/{blocker}", "/api/auth/me"]
    if own:
        reads.append(f"/api/status/{own[0]}")
    found = [MixedRequest(kind="list", method="GET", path=path, weight=_SHARES["list"] / len(lists)) for path in lists]
    found += [MixedRequest(kind="read", method="GET", path=path, weight=_SHARES["read"] / len(reads)) for path in reads]
    writes: list[MixedRequest] = []
    # An auditor writes nothing; the rest of the team makes up for it by asking as often.
    if own:
        comment = json.dumps({"body": "The queue moves again since the worker was started anew."})
        writes.append(
            MixedRequest(kind="write", method="POST", path=f"/api/incidents/{incident}/comments", body=comment)
        )
        writes += [
            MixedRequest(
                kind="write",
                method="PATCH",
                path=f"/api/status/{own[1]}",
                body=json.dumps({"notes": text}),
                headers={"If-Match": "*"},
            )
            for text in ("All leases are back.", "Two leases are left.")
        ]
        declared = json.dumps({"title": "The archive is slow", "severity": "sev4", "affected": ["archive"]})
        writes.append(MixedRequest(kind="write", method="POST", path="/api/incidents", body=declared))
    for write in writes:
        write.weight = _SHARES["write"] / len(writes)
    return found + writes


def _fast(report: MixedReport) -> list[Measurement]:
    pace = "as fast as it answers"
    return [
        Measurement(name=pace, value=report.rate, unit="requests/s"),
        *_percentiles(pace, report),
        *(
            Measurement(
                name=f"{pace}, {kind}s, p95",
                value=report.percentile(0.95, kind),
                unit="ms",
                bar=None if kind == "write" else READS_P95_BAR_MS,
                lower_is_better=True,
            )
            for kind in _SHARES
        ),
    ]


def _paced(report: MixedReport) -> list[Measurement]:
    pace = "at the pace of people"
    return [
        Measurement(name=pace, value=report.rate, unit="requests/s"),
        *_percentiles(pace, report, bar_ms=READS_P95_BAR_MS),
    ]


def _percentiles(name: str, report: MixedReport, *, bar_ms: float | None = None) -> list[Measurement]:
    return [
        Measurement(
            name=f"{name}, p{share:.0%}".rstrip("%"),
            value=report.percentile(share),
            unit="ms",
            bar=bar_ms if share == 0.95 else None,
            lower_is_better=True,
        )
        for share in (0.50, 0.95, 0.99)
    ]
