"""From QUEUE_URL to a queue engine; the one place that knows which backends there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from wipsie.app.settings import Settings
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueBackend
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames

if TYPE_CHECKING:
    from wipsie.blobs import BlobStore
    from wipsie.queue.backends.sqs.address import SqsAddress
    from wipsie.queue.repeats import Repeats
    from wipsie.telemetry.metrics import Metrics

SCHEMES = ("sqlite", "postgresql", "redis", "sqs")


def queue_file(url: str) -> Path | None:
    """The file a ``sqlite:///`` URL names; None when the queues are on a server. ConfigurationError."""
    return _file(url) if _scheme(url) == "sqlite" else None


def build_backend(settings: Settings, clock: Clock, *, blobs: BlobStore | None = None) -> QueueBackend:
    """The backend QUEUE_URL asks for; opens nothing. `blobs` takes bodies too large for it, by default the store BLOB_URL
    names. ConfigurationError."""
    url = settings.queue.url
    # Each imports a driver of its own: only the one that is asked for.
    match _scheme(url):
        case "postgresql":
            from wipsie.queue.backends.postgres import PostgresQueueBackend

            return PostgresQueueBackend(url, clock=clock)
        case "redis":
            from wipsie.queue.backends.redis import RedisQueueBackend

            return RedisQueueBackend(url, clock=clock)
        case "sqs":
            from wipsie.app.objects import QueueBodies, build_blobs
            from wipsie.queue.backends.sqs import SqsQueueBackend

            bodies = QueueBodies(blobs or build_blobs(settings))
            mail = settings.mail
            return SqsQueueBackend(
                _completed_sqs(settings),
                clock=clock,
                blobs=bodies,
                adopted={QueueName(mail.queue_name): mail.queue_url} if mail.queue_url else None,
            )
        case _:
            from wipsie.queue.backends.sqlite import SqliteQueueBackend

            return SqliteQueueBackend(_file(url), clock=clock, synchronous=settings.queue.synchronous.upper())


def build_engine(
    settings: Settings,
    clock: Clock,
    metrics: Metrics | None = None,
    *,
    backend: QueueBackend | None = None,
    repeats: Repeats | None = None,
) -> QueueEngine:
    """The engine over `backend`, by default the one QUEUE_URL asks for; not started. ConfigurationError."""
    return QueueEngine(
        backend or build_backend(settings, clock),
        clock=clock,
        names=queue_names(settings),
        metrics=metrics,
        repeats=repeats,
    )


def queue_names(settings: Settings) -> QueueNames:
    """The names of queues: with the prefix, and that of SQS_QUEUE_URL as it is."""
    prefix, mail = settings.queue.prefix, settings.mail
    if not mail.queue_url:
        return QueueNames(prefix)
    from wipsie.slices.mail.service.intake import MAIL_QUEUE

    return QueueNames(prefix, adopted={MAIL_QUEUE: QueueName(mail.queue_name)})


def queue_scheme(settings: Settings) -> str:
    """Which kind of store QUEUE_URL names: one of `SCHEMES`. ConfigurationError."""
    return _scheme(settings.queue.url)


def sqs_address(settings: Settings) -> SqsAddress:
    """What a QUEUE_URL that begins with sqs:// says. ConfigurationError."""
    from wipsie.queue.backends.sqs.address import parse_address

    return parse_address(_completed_sqs(settings))


def _completed_sqs(settings: Settings) -> str:
    return _completed(settings.queue.url, prefix=settings.queue.prefix, endpoint_url=settings.queue.endpoint_url)


def _scheme(url: str) -> str:
    scheme = url.partition("://")[0].lower()
    kind = {"postgres": "postgresql", "rediss": "redis"}.get(scheme, scheme)
    if kind not in SCHEMES:
        raise ConfigurationError(
            f"QUEUE_URL begins with {scheme}://; use one of {', '.join(f'{one}://' for one in SCHEMES)}, "
            "or leave it empty for a SQLite file in the data folder.",
            details={"setting": "QUEUE_URL", "scheme": scheme, "available": list(SCHEMES)},
        )
    return kind


def _file(url: str) -> Path:
    path = unquote(url.partition("://")[2].partition("?")[0])
    if not path.startswith("/") or path == "/" or ":memory:" in path:
        raise ConfigurationError(
            "QUEUE_URL must name a file, for example sqlite:////absolute/path/queue.db.",
            details={"setting": "QUEUE_URL"},
        )
    return Path(path[1:]).expanduser()


def _completed(url: str, **defaults: str) -> str:
    """The URL with these options where it does not say something else: the prefix leaves an account's other queues alone."""
    for name, value in defaults.items():
        _, _, options = url.partition("?")
        if value and f"{name}=" not in options:
            url += f"{'&' if options else '' if url.endswith('?') else '?'}{name}={quote(value, safe='')}"
    return url
