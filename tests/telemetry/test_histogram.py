"""The fast histogram counts as Prometheus expects."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from wipsie.telemetry.histogram import FastHistogram
from wipsie.telemetry.metrics import Metrics


def _lines(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_its_export_equals_that_of_the_client_library():
    values = [0.0, 0.1, 0.10001, 0.5, 2.0, 99.0]
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    fast = FastHistogram("work_seconds", "Work.", ("queue",), buckets=(0.1, 0.5, 2), registry=ours)
    plain = Histogram("work_seconds", "Work.", ("queue",), buckets=(0.1, 0.5, 2), registry=theirs)
    fast.labels("a").observe_many(values)
    for value in values:
        plain.labels("a").observe(value)
        fast.labels(queue="b").observe(value)
        plain.labels("b").observe(value)
    assert _lines(ours) == _lines(theirs)


def test_wrong_labels_are_refused():
    fast = FastHistogram("work_seconds", "Work.", ("queue", "type"), buckets=(1,), registry=CollectorRegistry())
    with pytest.raises(ValueError, match="takes the labels queue, type"):
        fast.labels("a")


def test_buckets_must_grow():
    with pytest.raises(ValueError, match="must grow"):
        FastHistogram("work_seconds", "Work.", (), buckets=(2, 1), registry=CollectorRegistry())


def test_two_metrics_objects_share_nothing():
    first, second = Metrics(), Metrics()
    first.sqs_queue_size.labels("default").set(3)
    assert b'sqs_queue_size{queue_name="default"} 3.0' in first.render()
    assert b'queue_name="default"' not in second.render()


def test_the_page_has_no_created_series_and_names_the_process():
    metrics = Metrics()
    metrics.api_requests_total.labels("GET", "/health", "200").inc()
    page = metrics.render()
    assert b'api_requests_total{endpoint="/health",method="GET",status="200"} 1.0' in page
    assert b"_created" not in page
    assert b"process_resident_memory_bytes" in page
