"""`POST /api/email`, token checked and durable, next to an empty FastAPI + Pydantic endpoint: one server process on one core each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from statistics import median

from benchmarks.load.generate import generate_load
from benchmarks.load.raw_client import Order
from benchmarks.load.report import LoadReport, check
from benchmarks.mail import TOKEN, letter
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.scenarios.http_send import BODY
from benchmarks.servers.process import Server, serve_module, serve_wipsie

CONNECTIONS = 64
RATE_PER_S = 1_000.0


def measure(size: Size, directory: Path) -> Outcome:
    """As fast as it answers, with the API alone on one core; then 1,000 e-mails/s at the same, and at the whole of `wipsie up`, whose
    worker archives them meanwhile in the same process."""
    seconds = size.pick(full=5.0, quick=3.0, smoke=1.0)
    rounds = size.pick(full=3, quick=1, smoke=1)
    rate_per_s = size.pick(full=RATE_PER_S, quick=RATE_PER_S, smoke=50.0)
    email = json.dumps({"token": TOKEN, "data": letter(1).document()})
    cores = sorted(os.sched_getaffinity(0))
    settings = {"MAIL_TOKEN": TOKEN}

    def load(server: Server, path: str, body: str, rate_per_s: float | None = None) -> LoadReport:
        order = Order(
            port=server.port,
            path=path,
            body=body,
            seconds=seconds,
            warm_up_s=seconds / 5,
            connections=CONNECTIONS,
            rate_per_s=rate_per_s,
            core=cores[-1],
        )
        return check(generate_load(order, directory))

    own: list[LoadReport] = []
    paced: list[LoadReport] = []
    empty: list[LoadReport] = []
    for number in range(rounds):
        with serve_wipsie(
            directory=directory / f"wipsie{number}", roles="api", core=cores[0], settings=settings
        ) as server:
            own.append(load(server, "/api/email", email))
            paced.append(load(server, "/api/email", email, rate_per_s))
        with serve_module("benchmarks.servers.empty_endpoint", directory=directory / "empty", core=cores[0]) as server:
            empty.append(load(server, "/send", BODY))
    with serve_wipsie(directory=directory / "whole", settings=settings) as server:
        whole = load(server, "/api/email", email, rate_per_s)
    rate, rival = (median(report.rate for report in reports) for reports in (own, empty))
    return Outcome(
        measurements=[
            Measurement(name="POST /api/email, durable", value=rate, unit="e-mails/s"),
            Measurement(name="empty FastAPI + Pydantic endpoint", value=rival, unit="requests/s"),
            Measurement(name="POST /api/email against the empty endpoint", value=rate / rival, unit="ratio"),
            Measurement(
                name=f"{CONNECTIONS} connections, p99",
                value=median(report.p99_ms for report in own),
                unit="ms",
                lower_is_better=True,
            ),
            Measurement(
                name=f"at {rate_per_s:,.0f} e-mails/s, p99",
                value=median(report.p99_ms for report in paced),
                unit="ms",
                lower_is_better=True,
            ),
            Measurement(
                name=f"at {rate_per_s:,.0f} e-mails/s beside the worker, p50",
                value=whole.p50_ms,
                unit="ms",
                lower_is_better=True,
            ),
            Measurement(
                name=f"at {rate_per_s:,.0f} e-mails/s beside the worker, p99",
                value=whole.p99_ms,
                unit="ms",
                lower_is_better=True,
            ),
        ],
        settings={
            "generator": own[0].generator,
            "connections": CONNECTIONS,
            "measured_s": seconds,
            "rounds": rounds,
            "body_bytes": len(email),
        },
    )


SCENARIO = Scenario(
    name="mail_intake", title="POST /api/email over HTTP", run=measure, time_limit_s=240, needs=("wrk",)
)
