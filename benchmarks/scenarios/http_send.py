"""`POST /sqs/send`, durable, next to an empty FastAPI + Pydantic endpoint: one server process on one core each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from statistics import median

from benchmarks.load.generate import generate_load
from benchmarks.load.raw_client import Order
from benchmarks.load.report import LoadReport, check
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.servers.process import Server, serve_module, serve_wipsie

RATIO_BAR = 1.0
CONNECTIONS = 64
BODY = json.dumps(
    {
        "queue_name": "default",
        "message": {
            "task_type": "user_action",
            "message": "Process user data",
            "data": {"user_id": "12345", "action": "profile_update"},
        },
        "attributes": {"source": "web_app"},
    }
)


def measure(size: Size, directory: Path) -> Outcome:
    """The servers take turns on the first core, the load comes from the last; on one core they have to share it."""
    seconds = size.pick(full=5.0, quick=3.0, smoke=1.0)
    rounds = size.pick(full=3, quick=1, smoke=1)
    cores = sorted(os.sched_getaffinity(0))
    server_core, load_core = cores[0], cores[-1]

    def load(server: Server, path: str) -> LoadReport:
        order = Order(
            port=server.port,
            path=path,
            body=BODY,
            seconds=seconds,
            warm_up_s=seconds / 5,
            connections=CONNECTIONS,
            core=load_core,
        )
        return check(generate_load(order, directory))

    wipsie: list[LoadReport] = []
    empty: list[LoadReport] = []
    bare: list[LoadReport] = []
    for number in range(rounds):
        with serve_wipsie(directory=directory / f"wipsie{number}", roles="api", core=server_core) as server:
            wipsie.append(load(server, "/sqs/send"))
        with serve_module(
            "benchmarks.servers.empty_endpoint", directory=directory / "empty", core=server_core
        ) as server:
            empty.append(load(server, "/send"))
        with serve_module("benchmarks.servers.bare_asgi", directory=directory / "bare", core=server_core) as server:
            bare.append(load(server, "/send"))
    own, rival, ceiling = (median(report.rate for report in reports) for reports in (wipsie, empty, bare))
    return Outcome(
        measurements=[
            Measurement(name="POST /sqs/send, durable", value=own, unit="requests/s"),
            Measurement(name="empty FastAPI + Pydantic endpoint", value=rival, unit="requests/s"),
            Measurement(name="bare ASGI, constant answer", value=ceiling, unit="requests/s"),
            Measurement(
                name="POST /sqs/send against the empty endpoint", value=own / rival, unit="ratio", bar=RATIO_BAR
            ),
            *_latencies("POST /sqs/send", wipsie),
            *_latencies("empty endpoint", empty),
        ],
        settings={
            "generator": wipsie[0].generator,
            "connections": CONNECTIONS,
            "measured_s": seconds,
            "rounds": rounds,
            "server_core": server_core,
            "load_core": load_core,
            "body_bytes": len(BODY),
            "wipsie_roles": "api",
        },
    )


def _latencies(name: str, reports: list[LoadReport]) -> list[Measurement]:
    return [
        Measurement(
            name=f"{name}, {CONNECTIONS} connections, p50",
            value=median(report.p50_ms for report in reports),
            unit="ms",
            lower_is_better=True,
        ),
        Measurement(
            name=f"{name}, {CONNECTIONS} connections, p99",
            value=median(report.p99_ms for report in reports),
            unit="ms",
            lower_is_better=True,
        ),
    ]


SCENARIO = Scenario(
    name="http_send",
    title="POST /sqs/send over HTTP, one core",
    run=measure,
    time_limit_s=240,
    needs=("wrk",),
)
