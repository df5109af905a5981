"""What sending counts. Labels are words of ours."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from wipsie.telemetry.histogram import FastHistogram
from wipsie.telemetry.metrics import WORK_BUCKETS_S, Metrics


class DeliveryMetrics:
    """One per process, on its registry."""

    def __init__(self, metrics: Metrics) -> None:
        registry = metrics.registry
        self.attempts = Counter(
            "vault_delivery_attempts_total",
            "Attempts to send a message, by what became of it: accepted, waiting, unknown, failed, cancelled.",
            ("state",),
            registry=registry,
        )
        self.failures = Counter(
            "vault_delivery_failures_total",
            "Attempts that did not succeed, and messages given up, by reason.",
            ("reason",),
            registry=registry,
        )
        self.alarms = Counter(
            "vault_delivery_alarms_total", "What somebody must look at, by reason.", ("reason",), registry=registry
        )
        self.latency_s = FastHistogram(
            "vault_delivery_latency_seconds",
            "From the commit that says something until WhatsApp has taken it.",
            (),
            buckets=WORK_BUCKETS_S,
            registry=registry,
        ).labels()
        self.waiting = Gauge(
            "vault_deliveries_waiting", "Messages to people that are not settled yet.", registry=registry
        )
        self.paused = Gauge(
            "vault_numbers_paused", "Numbers of ours from which nothing is sent for now.", registry=registry
        )
