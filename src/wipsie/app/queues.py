"""From QUEUE_URL to a queue engine; the one place that knows which backends there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wipsie.app.settings import Settings
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError
from wipsie.queue.contract import QueueBackend
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames

if TYPE_CHECKING:
    from wipsie.telemetry.metrics import Metrics

AVAILABLE = ("sqlite",)


def queue_file(url: str) -> Path:
    """The file a ``sqlite:///`` URL names. ConfigurationError for another URL, saying what there is."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in AVAILABLE:
        raise ConfigurationError(
            f"QUEUE_URL begins with {scheme}://, but this version keeps queues in SQLite only; "
            "use sqlite:////absolute/path/queue.db or leave QUEUE_URL empty.",
            details={"setting": "QUEUE_URL", "scheme": scheme, "available": list(AVAILABLE)},
        )
    path = unquote(rest.partition("?")[0])
    if not path.startswith("/") or path == "/" or ":memory:" in path:
        raise ConfigurationError(
            "QUEUE_URL must name a file, for example sqlite:////absolute/path/queue.db.",
            details={"setting": "QUEUE_URL"},
        )
    return Path(path[1:]).expanduser()


def build_backend(settings: Settings, clock: Clock) -> QueueBackend:
    """The backend QUEUE_URL asks for. ConfigurationError."""
    from wipsie.queue.backends.sqlite import SqliteQueueBackend

    return SqliteQueueBackend(
        queue_file(settings.queue.url), clock=clock, synchronous=settings.queue.synchronous.upper()
    )


def build_engine(settings: Settings, clock: Clock, metrics: Metrics | None = None) -> QueueEngine:
    """The engine over that backend; not started. ConfigurationError."""
    names = QueueNames(settings.queue.prefix)
    return QueueEngine(build_backend(settings, clock), clock=clock, names=names, metrics=metrics)
