"""Webhook-like intake: 1,000 requests/s to `POST /sqs/send`, whether or not earlier ones were answered."""

from __future__ import annotations

from pathlib import Path

from benchmarks.load.generate import generate_load
from benchmarks.load.raw_client import Order
from benchmarks.load.report import check
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.scenarios.http_send import BODY
from benchmarks.servers.process import serve_wipsie

P99_BAR_MS = 50.0


def measure(size: Size, directory: Path) -> Outcome:
    """Against the whole of `wipsie up`: its worker processes what comes in at the same time."""
    rate_per_s = size.pick(full=1000.0, quick=1000.0, smoke=50.0)
    seconds = size.pick(full=10.0, quick=5.0, smoke=0.5)
    with serve_wipsie(directory=directory) as server:
        order = Order(
            port=server.port,
            path="/sqs/send",
            body=BODY,
            seconds=seconds,
            warm_up_s=min(2.0, seconds / 2),
            connections=100,
            rate_per_s=rate_per_s,
        )
        report = check(generate_load(order, directory))
    return Outcome(
        measurements=[
            Measurement(name="p50", value=report.p50_ms, unit="ms", lower_is_better=True),
            Measurement(name="p99", value=report.p99_ms, unit="ms", bar=P99_BAR_MS, lower_is_better=True),
            Measurement(name="slowest", value=report.max_ms, unit="ms", lower_is_better=True),
        ],
        settings={
            "rate_per_s": rate_per_s,
            "measured_s": seconds,
            "connections": 100,
            "generator": report.generator,
            "wipsie_roles": "all",
        },
    )


SCENARIO = Scenario(name="webhook_intake", title="Acknowledged durably, 1,000 requests/s, open loop", run=measure)
