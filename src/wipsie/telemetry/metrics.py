"""Every metric Wipsie exports, on a registry of its own.

Callers on hot paths keep the result of `.labels(...)`, which costs more than the update itself. The label `queue_name` is
always the short name.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from wipsie.telemetry.histogram import FastHistogram

REQUEST_BUCKETS_S = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
)
"""An answer in single milliseconds is normal, a long poll takes up to 20 s."""

WORK_BUCKETS_S = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900),
)
"""From a handler that does nothing to one that works for minutes."""

WAIT_BUCKETS_S = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    300,
    900,
    3600,
    21600,
    86400,
)
"""A message waits milliseconds in an idle system and hours behind an outage."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Content type of what `Metrics.render` gives."""


class _WithoutCreated(Collector):
    """The registry without the ``_created`` series, which double the page and which nobody graphs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class Metrics:
    """The metrics of one process; `app` makes one and passes it down."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        ProcessCollector(registry=registry)

        self.api_requests_total = Counter(
            "api_requests_total",
            "HTTP requests answered, by route template and status.",
            ("method", "endpoint", "status"),
            registry=registry,
        )
        self.api_request_duration_seconds = FastHistogram(
            "api_request_duration_seconds",
            "Time from the first byte of a request to the end of its answer.",
            ("method", "endpoint"),
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )

        self.sqs_queue_size = Gauge(
            "sqs_queue_size", "Messages in a queue, whatever their state.", ("queue_name",), registry=registry
        )
        self.queue_messages = Gauge(
            "queue_messages", "Messages in a queue by state.", ("queue_name", "state"), registry=registry
        )
        self.queue_oldest_message_age_seconds = Gauge(
            "queue_oldest_message_age_seconds", "Age of the oldest waiting message.", ("queue_name",), registry=registry
        )
        self.queue_operations_total = Counter(
            "queue_operations_total",
            "Queue operations by outcome: ok, or the code of the refusal.",
            ("operation", "outcome"),
            registry=registry,
        )

        self.task_processing_duration_seconds = FastHistogram(
            "task_processing_duration_seconds",
            "Run time of handlers, per attempt.",
            ("queue_name", "task_type"),
            buckets=WORK_BUCKETS_S,
            registry=registry,
        )
        self.task_wait_seconds = FastHistogram(
            "task_wait_seconds",
            "Time from a message being ready to its handler's start.",
            ("queue_name",),
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self.task_attempts_total = Counter(
            "task_attempts_total",
            "Handler attempts by outcome.",
            ("queue_name", "task_type", "outcome"),
            registry=registry,
        )
        self.tasks_dead_lettered_total = Counter(
            "tasks_dead_lettered_total",
            "Messages moved to a dead-letter queue, by cause.",
            ("queue_name", "code"),
            registry=registry,
        )

        self.worker_heartbeat_timestamp_seconds = Gauge(
            "worker_heartbeat_timestamp_seconds",
            "When a worker last showed that it is alive.",
            ("worker",),
            registry=registry,
        )
        self.worker_busy_slots = Gauge("worker_busy_slots", "Handlers running now.", ("queue_name",), registry=registry)
        self.circuit_breaker_state = Gauge(
            "circuit_breaker_state", "0 closed, 1 half-open, 2 open.", ("name",), registry=registry
        )
        self.circuit_breaker_transitions_total = Counter(
            "circuit_breaker_transitions_total",
            "Changes of state of a circuit breaker.",
            ("name", "to"),
            registry=registry,
        )
        self.schedule_fires_total = Counter(
            "schedule_fires_total", "Messages sent by a schedule.", ("schedule",), registry=registry
        )

    def render(self) -> bytes:
        """All metrics in the Prometheus text format (`CONTENT_TYPE`)."""
        return generate_latest(_WithoutCreated(self.registry))
