"""What `data` of each task type holds (the technical spec's task schemas). Fields not named here are kept and ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from wipsie.queue.notification import NOTIFICATION_TASK_TYPE

DATA_POLLING = "data_polling"
PROCESSING = "processing"
NOTIFICATION = NOTIFICATION_TASK_TYPE
ECHO = "echo"
DEFAULT = "default"

SourceUrl = Annotated[
    str,
    Meta(
        pattern=r"^([hH][tT][tT][pP][sS]?|s3)://[^\s]+$",
        max_length=2048,
        description="an http://, https:// or s3:// URL of up to 2048 characters",
    ),
]


class DataPollingData(msgspec.Struct, kw_only=True):
    """Fetch a source, keep what is new and passes the filters."""

    source_url: SourceUrl
    poll_interval: Annotated[float, Meta(gt=0, le=366 * 86400)]
    """Seconds between polls of this source; the result says when the next is due. Recurring polls are schedules."""
    last_poll_time: datetime | None = None
    """Only used for a source that was never polled here: ask for what changed since. Without a zone: UTC."""
    filters: dict[str, Any] | None = None
    """``{field: value}`` or ``{field: {"op": ..., "value": ...}}``; ``since_field`` names the field with an item's time."""


class ProcessingData(msgspec.Struct, kw_only=True):
    """Work on a table."""

    operation: Literal["analysis", "transformation", "aggregation"]
    input_data: Any
    """Records, columns, ``{"csv": text}``, ``{"json": ...}``, ``{"ndjson": text}`` or ``{"blob_key": key}``."""
    output_format: Literal["json", "ndjson", "csv", "parquet"] = "json"
    processing_options: dict[str, Any] = {}


class NotificationData(msgspec.Struct, kw_only=True):
    """Tell somebody something."""

    recipient: Annotated[str, Meta(min_length=1, max_length=2048)]
    """An e-mail address, or for `webhook` a URL."""
    notification_type: Literal["email", "sms", "push", "webhook"]
    subject: Annotated[str, Meta(max_length=500)] | None = None
    body: str
    html: str | None = None
    """E-mail: the same as HTML, for readers that show it. Not together with a template."""
    template_id: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    metadata: dict[str, Any] = {}
    """Values of a template's names; plain ones also become ``X-Wipsie-*`` headers of an e-mail."""
