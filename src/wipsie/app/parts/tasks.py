"""Puts the slice tasks together."""

from __future__ import annotations

import wipsie
from wipsie.app.objects import s3_config
from wipsie.app.parts.parts import Parts
from wipsie.app.polling_grants import PollingGrants
from wipsie.slices.manifest import Slice
from wipsie.slices.tasks.gateways.http_client import HttpClientSettings
from wipsie.slices.tasks.slice import TasksSettings, build


def tasks_slice(parts: Parts) -> Slice:
    """The slice over the parts that all share."""
    settings = parts.settings
    return build(
        TasksSettings(
            mailbox_path=settings.data_dir / "mailbox",
            region=settings.queue.region,
            smtp_url=settings.tasks.smtp_url or None,
            mail_from=settings.tasks.mail_from,
            allow_private_networks=settings.tasks.allow_private_networks,
            allowed_hosts=frozenset(settings.tasks.allowed_hosts),
            s3_buckets=frozenset(settings.tasks.s3_buckets),
            s3_config=s3_config(settings),
            http=HttpClientSettings(
                total_timeout_s=settings.tasks.polling_timeout_s,
                body_bytes_max=settings.tasks.polling_body_bytes_max,
            ),
        ),
        engine=parts.engine,
        registry=parts.registry,
        database=parts.database,
        blobs=parts.blobs,
        run_log=parts.run_log,
        breakers=parts.breakers,
        clock=parts.clock,
        version=wipsie.__version__,
        polling_grants=PollingGrants(settings.data_dir, parts.clock).allows,
    )
