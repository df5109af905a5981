"""Where the queues are: a PostgreSQL URL as people write it, and when two URLs mean the same database."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from wipsie.database.urls import ServerAddress, parse_database_url
from wipsie.kernel.errors import ConfigurationError

_PORT = 5432


def parse_queue_url(url: str) -> ServerAddress:
    """Read ``postgresql://user:password@host/name``, with the options `parse_database_url` knows; ``pooler=transaction``
    when a pooler in transaction mode stands between. ConfigurationError, which never shows the password."""
    try:
        server = parse_database_url(url).server
    except ConfigurationError as error:
        sentence = error.message.replace("DATABASE_URL", "QUEUE_URL")
        raise ConfigurationError(sentence, details={**error.details, "setting": "QUEUE_URL"}) from None
    if server is None:
        raise ConfigurationError(
            "QUEUE_URL must begin with postgresql:// for the PostgreSQL backend.", details={"setting": "QUEUE_URL"}
        )
    return server


def place_of(url: str) -> tuple[str, int, str, str] | None:
    """(host, port, database, user) of a PostgreSQL URL with one host; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
    except ValueError:
        return None
    if parts.scheme.partition("+")[0].lower() not in {"postgresql", "postgres"}:
        return None
    options = dict(parse_qsl(parts.query))
    host = parts.hostname or options.get("host", "")
    user = unquote(parts.username or options.get("user", ""))
    database = unquote(parts.path.removeprefix("/")) or options.get("dbname", "") or user
    return None if not host or "," in host else (host, port, database, user)
