"""What the vault counts. Labels are words of ours; nothing in them is anybody's."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from wipsie.telemetry.histogram import FastHistogram
from wipsie.telemetry.metrics import WORK_BUCKETS_S, Metrics


class VaultMetrics:
    """One per process, on its registry."""

    def __init__(self, metrics: Metrics) -> None:
        registry = metrics.registry
        self.webhooks = Counter(
            "vault_webhooks_total",
            "Requests to the webhook of WhatsApp, by outcome: accepted, unsigned or unavailable.",
            ("outcome",),
            registry=registry,
        )
        self.received = Counter(
            "vault_messages_received_total",
            "Updates that came by webhook: message, duplicate, changed, status, unmatched_status, elsewhere, trouble, other, unreadable.",
            ("kind",),
            registry=registry,
        )
        self.processed = Counter(
            "vault_messages_processed_total",
            "Messages handled, by outcome: ok, given_up.",
            ("outcome",),
            registry=registry,
        )
        self.latency_s = FastHistogram(
            "vault_message_latency_seconds",
            "From the arrival of a message to the commit of what came of it.",
            (),
            buckets=WORK_BUCKETS_S,
            registry=registry,
        ).labels()
        self.files = Counter(
            "vault_files_total",
            "Files that were checked, by outcome: ready, locked, refused, quarantined.",
            ("outcome",),
            registry=registry,
        )
        self.file_s = FastHistogram(
            "vault_file_seconds",
            "From the start of fetching a file to its result.",
            (),
            buckets=WORK_BUCKETS_S,
            registry=registry,
        ).labels()
        self.waiting = Gauge(
            "vault_inbox_waiting", "Messages in the inbox that are not handled yet.", registry=registry
        )
        self.standing_by = Gauge(
            "vault_standing_by",
            "1 while the key-encryption key is missing: nothing is taken in then.",
            registry=registry,
        )
