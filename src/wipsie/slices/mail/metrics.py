"""What mail counts, under the names dashboards of such pipelines use."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from wipsie.telemetry.histogram import FastHistogram
from wipsie.telemetry.metrics import WORK_BUCKETS_S, Metrics


class MailMetrics:
    """One per process, on its registry."""

    def __init__(self, metrics: Metrics) -> None:
        registry = metrics.registry
        self.validation_errors = Counter(
            "api_validation_errors_total",
            "Requests of POST /api/email that were refused, by what was wrong: media_type, json, token or data.",
            ("error_type",),
            registry=registry,
        )
        self.token_uses = Counter(
            "mail_token_uses_total",
            "Requests of POST /api/email with a good token, by which it was: current or previous.",
            ("generation",),
            registry=registry,
        )
        self.token_age_s = Gauge(
            "mail_token_age_seconds",
            "Time since the token was read from where it is kept; grows while that cannot be reached.",
            registry=registry,
        )
        self.processed = Counter("sqs_messages_processed_total", "Mails archived, copies included.", registry=registry)
        self.failed = Counter(
            "sqs_messages_failed_total",
            "Messages that hold no mail, or one that could not be archived.",
            registry=registry,
        )
        self.uploaded = Counter(
            "s3_uploads_success_total", "Objects of the archive written, or found there already.", registry=registry
        )
        self.not_uploaded = Counter(
            "s3_uploads_failed_total", "Objects of the archive that could not be written.", registry=registry
        )
        self.duration_s = FastHistogram(
            "message_processing_duration_seconds",
            "Time to archive one mail.",
            (),
            buckets=WORK_BUCKETS_S,
            registry=registry,
        ).labels()
        self.visible = Gauge(
            "sqs_queue_messages_visible", "Messages in the queue of mail that wait for a worker.", registry=registry
        )
        self.duplicates = Counter(
            "mail_duplicates_total", "Copies of mails that were archived already.", registry=registry
        )
        self.archived_bytes = Counter("mail_archived_bytes_total", "Bytes written to the archive.", registry=registry)
        self.quarantined = Counter(
            "mail_quarantined_total", "Messages put aside because they hold no mail.", registry=registry
        )
        self.without_mail = Counter(
            "mail_notices_without_mail_total",
            "What notices of S3, SES and SNS told of that is no mail, such as the removal of an object.",
            registry=registry,
        )
